package roster

import (
	"errors"
	"time"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
)

// Limits of the writes of contacts.
const (
	maxBatch  = 2000             // contacts in one transaction
	retryTime = 30 * time.Second // after a failure of the database
)

// save writes a contact to the database, together with the others that change meanwhile: a
// script announces thousands at a login. A failure costs the user nothing before the next
// login.
func save(u *router.User, c *Contact) {
	r := rosters.Of(u)
	if r.unsaved == nil {
		r.unsaved = map[string]*Contact{}
	}
	r.unsaved[c.Name] = c
	r.wake(u)
}

// wake calls settle after all that is in the user's queue now.
func (r *roster) wake(u *router.User) {
	if !r.queued {
		r.queued = true
		_ = u.Router().For(u.JID, settle) // an error means that the router is closed
	}
}

// settle writes contacts and makes offers.
func settle(u *router.User) {
	r := rosters.Peek(u)
	if r == nil || !r.queued {
		return
	}
	r.queued = false
	r.write(u)
	r.makeOffers(u)
}

// write writes the contacts that have changed.
func (r *roster) write(u *router.User) {
	var batch []*users.Contact
	for name, c := range r.unsaved {
		batch = append(batch, &c.Contact)
		delete(r.unsaved, name)
		if len(batch) == maxBatch || len(r.unsaved) == 0 {
			r.writeBatch(u, batch)
			batch = nil
		}
	}
}

func (r *roster) writeBatch(u *router.User, batch []*users.Contact) {
	ctx, cancel := u.Context()
	err := u.Store().Save(ctx, u.Account.ID, batch...)
	cancel()
	switch {
	case err == nil:
	case errors.Is(err, users.ErrInvalid) && len(batch) > 1: // one of them spoils the others
		for _, c := range batch {
			r.writeBatch(u, []*users.Contact{c})
		}
	case errors.Is(err, users.ErrInvalid):
		u.Log().WithField("error", err.Error()).Warn("a contact is not stored")
	default:
		u.Failed("contacts are not stored yet", err)
		u.After(retryTime, func(u *router.User) {
			for _, c := range batch {
				if now := Find(u, c.Name); now != nil { // the session may have ended
					save(u, now)
				}
			}
		})
	}
}
