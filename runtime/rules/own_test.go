package rules_test

import (
	"fmt"
	"testing"

	"spectrumlua/pb"
	"spectrumlua/runtime/rules"
)

func message(id, body string) *pb.ConversationMessage {
	return &pb.ConversationMessage{Id: &id, Message: &body}
}

func TestOwnMessagesAreBounded(t *testing.T) {
	var o rules.Own[int]
	for i := range 100 {
		o.Remember(rules.OwnMessage{Script: fmt.Sprint(i), Body: "x"}, i, 10<<10)
	}
	if _, show := o.Sent("93", ""); show {
		t.Error("more than 64 KiB are remembered")
	}
	if v, show := o.Sent("99", ""); !show || v != 99 {
		t.Errorf("the last message: %d, %v", v, show)
	}
	var small rules.Own[int]
	for i := range 100 {
		small.Remember(rules.OwnMessage{Script: fmt.Sprint(i), Body: "x"}, i, 1)
	}
	if _, show := small.Sent("79", ""); show {
		t.Error("more than 20 messages are remembered")
	}
}

func TestRefusedMessageIsNotShown(t *testing.T) {
	var o rules.Own[int]
	o.Remember(rules.OwnMessage{Script: "a", Body: "x"}, 1, 1)
	o.Refused("a")
	o.Refused("b")
	if _, show := o.Sent("a", "1"); show {
		t.Error("it is shown")
	}
}

func TestOwnMessageIsShownOnce(t *testing.T) {
	var o rules.Own[int]
	o.Remember(rules.OwnMessage{Script: "a", Body: "x"}, 1, 1)
	if v, show := o.Sent("a", "n1"); v != 1 || !show {
		t.Errorf("Sent: %d, %v", v, show)
	}
	if _, _, again := o.Returned(message("n1", "changed")); !again {
		t.Error("the message returns and is shown again")
	}
	o.Remember(rules.OwnMessage{Script: "b", Body: "y"}, 2, 1)
	if v, found, again := o.Returned(message("", "y")); v != 2 || !found || again {
		t.Errorf("Returned: %d, %v, %v", v, found, again)
	}
	if _, show := o.Sent("b", "n2"); show {
		t.Error("Sent shows a message that has returned")
	}
}
