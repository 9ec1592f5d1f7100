package simulator

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"sync/atomic"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

// User is one user of a backend, logged in or not. Its methods may be called
// from any goroutine.
type User struct {
	b *Backend
	// JID is the user's bare JID.
	JID string
}

// User makes a handle for a user; nothing is sent.
func (b *Backend) User(jid string) *User { return &User{b: b, JID: jid} }

// Login sends LOGIN. Nil settings stand for those that Spectrum gives a user
// who never changed any.
func (b *Backend) Login(jid, legacyName, password string, settings map[string]string) (*User, error) {
	if settings == nil {
		settings = map[string]string{"enable_transport": "1", "send_headlines": "0", "stay_connected": "0"}
	}
	u := b.User(jid)
	return u, b.Send(pb.WrapperMessage_TYPE_LOGIN, &pb.Login{
		User:       proto.String(jid),
		LegacyName: proto.String(legacyName),
		Password:   proto.String(password),
		Settings:   &pb.UserSettings{Value: maps.Clone(settings)},
	})
}

// Logout sends LOGOUT.
func (b *Backend) Logout(jid, legacyName string) error {
	return b.Send(pb.WrapperMessage_TYPE_LOGOUT, &pb.Logout{User: proto.String(jid), LegacyName: proto.String(legacyName)})
}

// Say sends a message from a user to a contact or a room.
func (b *Backend) Say(jid, buddy, text string) error {
	return b.Send(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{
		UserName:  proto.String(jid),
		BuddyName: proto.String(buddy),
		Message:   proto.String(text),
	})
}

// Logout logs the user out.
func (u *User) Logout(legacyName string) error { return u.b.Logout(u.JID, legacyName) }

// Say sends a message from the user to a contact or a room.
func (u *User) Say(buddy, text string) error { return u.b.Say(u.JID, buddy, text) }

// Send sends a message with the user's name filled in.
func (u *User) Send(typ pb.WrapperMessage_Type, payload proto.Message) error {
	if payload == nil {
		return fmt.Errorf("%s needs a payload", typeName(typ))
	}
	t := schema.TypeByNumber(typ)
	if t == nil || len(t.User()) != 1 {
		return fmt.Errorf("%s does not name one user", typeName(typ))
	}
	if got := payload.ProtoReflect().Descriptor(); got != t.Payload.Descriptor {
		return fmt.Errorf("%s carries a %s, not a %s", typeName(typ), t.Payload.Descriptor.Name(), got.Name())
	}
	named := proto.Clone(payload)
	m := named.ProtoReflect()
	field := m.Descriptor().Fields().ByNumber(t.User()[0])
	m.Set(field, protoreflect.ValueOfString(u.JID))
	return u.b.Send(typ, named)
}

// Expect is Backend.Expect for messages that name this user.
func (u *User) Expect(ctx context.Context, typ pb.WrapperMessage_Type, match func(proto.Message) bool) (Frame, error) {
	return u.b.expect(ctx, u.JID, typ, match)
}

// ExpectNext is Backend.ExpectNext for messages that name this user.
func (u *User) ExpectNext(ctx context.Context, typ pb.WrapperMessage_Type, match func(proto.Message) bool) (Frame, error) {
	return u.b.expectNext(ctx, u.JID, typ, match)
}

// Never is Backend.Never for messages that name this user.
func (u *User) Never(ctx context.Context, barrier Barrier, typ pb.WrapperMessage_Type, match func(proto.Message) bool) error {
	return u.b.never(ctx, u.JID, barrier, typ, match)
}

// barriers makes the texts of barriers differ.
var barriers atomic.Uint64

// EchoBarrier is passed when a message to the contact has come back with the
// same text: with a script that echoes, and a runtime that handles a user's
// messages one after the other, all the user's messages sent before have then
// been handled, and what their handlers sent has come.
func (u *User) EchoBarrier(buddy string) Barrier {
	return func(ctx context.Context) error {
		text := "barrier " + strconv.FormatUint(barriers.Add(1), 10)
		if err := u.Say(buddy, text); err != nil {
			return err
		}
		_, err := u.Expect(ctx, pb.WrapperMessage_TYPE_CONV_MESSAGE, Like(&pb.ConversationMessage{Message: proto.String(text)}))
		return err
	}
}
