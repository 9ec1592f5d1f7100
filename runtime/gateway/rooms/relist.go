package rooms

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/rules"
)

// relist is what the script has announced in a room since a further CONNECTED. The clients stay
// in the room meanwhile and see changes at once. The participant with the flag `me` completes
// the list. A script that does not list the occupants again changes nothing.
type relist struct {
	present map[string]bool // the occupants, without the user
	// namesake is the participant with the user's nickname and without the flag `me`, or nil. It
	// is somebody else if the user turns out to have another nickname now.
	namesake *pb.Participant
}

// note notes a participant without the flag `me`. It reports whether that was all there is to
// do: a namesake of the user has left before the list is complete.
func (l *relist) note(p *pb.Participant, isNamesake bool) (done bool) {
	offline := presence.IsOffline(p.GetStatus())
	switch nick := p.GetNickname(); {
	case l == nil || rules.IsMe(p):
	case isNamesake && offline:
		done = l.namesake != nil
		l.namesake = nil
	case isNamesake && p.GetNewname() == "":
		l.namesake = p
	case isNamesake:
	case offline:
		delete(l.present, nick)
	case p.GetNewname() != "":
		delete(l.present, nick)
		l.present[p.GetNewname()] = true
	default:
		l.present[nick] = true
	}
	return done
}

// relisted handles a participant who is the user: if it completes the list, occupants who are
// not in it have left. It returns the namesake, or nil.
func (r *room) relisted(u *router.User, p *pb.Participant) *pb.Participant {
	list := r.again
	if list == nil || !rules.IsMe(p) || presence.IsOffline(p.GetStatus()) {
		return nil
	}
	r.again = nil
	for _, nick := range r.nicks() {
		if nick != r.nick && !list.present[nick] {
			r.depart(u, &pb.Participant{Nickname: &nick})
		}
	}
	return list.namesake
}
