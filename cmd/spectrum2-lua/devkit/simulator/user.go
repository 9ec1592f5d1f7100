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

// User is one user of a backend, whether logged in or not. It is safe for concurrent use.
type User struct {
	b *Backend
	// JID is the user's bare JID.
	JID string
}

// User returns a User without sending a message.
func (b *Backend) User(jid string) *User { return &User{b: b, JID: jid} }

// Login sends LOGIN. nil settings are the settings that Spectrum gives a new user.
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

// Send sends a message and adds the user's name.
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

// Expect is like Backend.Expect, for messages that name this user.
func (u *User) Expect(ctx context.Context, typ pb.WrapperMessage_Type, match func(proto.Message) bool) (Frame, error) {
	return u.b.expect(ctx, wanted(u.JID, typ, match), fits(u.JID, typ, match))
}

// ExpectNext is like Backend.ExpectNext, for messages that name this user.
func (u *User) ExpectNext(ctx context.Context, typ pb.WrapperMessage_Type, match func(proto.Message) bool) (Frame, error) {
	return u.b.expectNext(ctx, u.JID, typ, match)
}

// Never is like Backend.Never, for messages that name this user.
func (u *User) Never(ctx context.Context, barrier Barrier, typ pb.WrapperMessage_Type, match func(proto.Message) bool) error {
	return u.b.never(ctx, u.JID, barrier, typ, match)
}

// barriers numbers the texts of barriers.
var barriers atomic.Uint64

// EchoBarrier returns a Barrier that sends a message to the contact and waits for its echo.
// With a script that echoes, all earlier messages of the user are then handled, and the
// messages of their handlers have arrived.
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
