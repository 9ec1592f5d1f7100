package schema_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

func TestSecretsOfAPayloadAreItsPasswordsAndSecretSettings(t *testing.T) {
	login := schema.TypeByName("login")
	payload, err := proto.Marshal(&pb.Login{
		User: proto.String(alice), LegacyName: proto.String("bob"), Password: proto.String("hunter2"),
		ExtraFields: []string{"hunter3"},
		Settings:    &pb.UserSettings{Value: map[string]string{"irc.password": "hunter4", "nickname": "bob"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := login.Secrets(payload)
	slices.Sort(got)
	if want := []string{"hunter2", "hunter3", "hunter4"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if login.Secrets(payload[:20]) != nil {
		t.Error("a broken payload has secrets")
	}
	if !login.HasSecrets() || !schema.TypeByName("join_room").HasSecrets() || schema.TypeByName("conv_message").HasSecrets() || schema.TypeByName("ping").HasSecrets() {
		t.Error("HasSecrets")
	}
}
