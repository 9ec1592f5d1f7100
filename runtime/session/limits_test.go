package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
)

// TestFullMailboxDisconnectsTheUser checks that the user receives an error at once, and
// that the queued messages have their grace period.
func TestFullMailboxDisconnectsTheUser(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.login("alice")
		p.say("alice", "wait send")
		p.expect("alice login", "alice wait send")
		for range p.r.opts.MaxQueue {
			p.say("alice", "queued")
		}
		p.expect()
		p.say("alice", "one too many")
		p.say("alice", "ignored")
		p.expect("alice < disconnected 16 " + errTooManyWaiting.Error())
		p.logged(logrus.ErrorLevel, errTooManyWaiting.Error())
		p.logout("alice")
		p.login("alice")
		p.say("alice", "new")
		p.later(1500 * time.Millisecond)
		p.expect()
		p.later(time.Second)
		p.expect("500ms alice wait send: "+errTooManyWaiting.Error(), "500ms alice logout", "500ms alice ended",
			"500ms alice login", "500ms alice new")
	})
}

// TestErrorForTheUserIsValidInAStanza refuses a login with errors that quote bytes which
// would close the transport's stream.
func TestErrorForTheUserIsValidInAStanza(t *testing.T) {
	for name, text := range map[string][2]string{
		"bytes that are not UTF-8": {"near '\xe2'", "near '\ufffd'"},
		"control characters":       {"a\x00\x01b\nc", "ab\nc"},
		"a text of a megabyte":     {strings.Repeat("é", 1<<19), strings.Repeat("é", 2048) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			perform(t, nil, func(p *play) {
				p.login("alice")
				p.expect("alice login")
				p.r.refuse(p.r.Find("alice"), errors.New(text[0]))
				p.expect("alice < disconnected 7 " + text[1])
			})
		})
	}
}

// TestErrorOfAnOldSessionIsNotSentToTheNextOne dismisses a session that has just been
// logged out.
func TestErrorOfAnOldSessionIsNotSentToTheNextOne(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.login("alice")
		p.later(0)
		old := p.r.Find("alice")
		p.logout("alice")
		p.login("alice")
		p.later(0)
		p.forget()
		p.r.dismiss(old, errTooManyWaiting, 0)
		p.r.refuse(old, errTooManyWaiting)
		p.expect()
	})
}

// TestFullMailboxDuringAPauseDisconnectsTheUser covers a session that has not begun.
func TestFullMailboxDuringAPauseDisconnectsTheUser(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.login("alice")
		p.say("alice", "dropped")
		p.later(0)
		p.logout("alice")
		p.login("alice")
		p.later(0)
		p.forget()
		for range p.r.opts.MaxQueue + 5 {
			p.say("alice", "never")
		}
		p.expect("alice < disconnected 16 " + errTooManyWaiting.Error())
		p.later(time.Minute)
		p.expect()
	})
}

// big returns a message of about that many bytes. The handler does what.
func big(what string, bytes int) string { return what + strings.Repeat(" ", bytes) }

// receiving calls Receive on a goroutine of its own. done reports whether Receive has
// returned.
func (p *play) receiving(ctx context.Context, user, text string) (done func() bool) {
	return p.receivingFrom(ctx, nil, "conv_message", sayingOf(user, text))
}

// receivingFrom is receiving for a message of any type.
func (p *play) receivingFrom(ctx context.Context, lender task.Lender, name string, payload []byte) (done func() bool) {
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		p.r.Receive(ctx, schema.TypeByName(name), payload, lender)
	}()
	return func() bool {
		synctest.Wait()
		select {
		case <-returned:
			return true
		default:
			return false
		}
	}
}

func TestReadingPauses(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.login("alice")
		p.login("bob")
		p.say("alice", "wait")
		p.expect("alice login", "bob login", "alice wait")
		p.say("alice", big("wait", 50<<10))
		done := p.receiving(p.Context(), "bob", big("hello", 20<<10))
		if done() {
			p.Fatal("Receive returns although the budget is used up")
		}
		p.goOn <- struct{}{}
		if !done() {
			p.Fatal("Receive does not continue")
		}
		p.later(0)
		p.forget()
		p.goOn <- struct{}{}
	})
}

func TestReadingPausesUntilTheEnd(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.login("alice")
		p.say("alice", "wait")
		p.say("alice", big("never", 50<<10))
		ctx, cancel := context.WithCancel(p.Context())
		done := p.receiving(ctx, "alice", big("never", 20<<10))
		if done() {
			p.Fatal("Receive returns although the budget is used up")
		}
		cancel()
		if !done() {
			p.Fatal("Receive does not return")
		}
		p.forget()
	})
}

// blocker is a Lender that counts the calls of Blocks.
type blocker struct {
	lent
	calls int
}

func (b *blocker) Blocks() { b.calls++ }

func TestLenderIsToldBeforeReceiveBlocks(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.login("alice")
		p.say("alice", "wait")
		for name, payload := range map[string][]byte{
			"conv_message": sayingOf("alice", big("hello", 20<<10)),
			"login":        loginOf("bob", big("legacy", 20<<10)),
		} {
			var b blocker
			p.r.Receive(p.Context(), schema.TypeByName("conv_message"), sayingOf("alice", big("hello", 50<<10)), &b)
			if b.calls > 0 {
				p.Errorf("%d calls although the message fits", b.calls)
			}
			done := p.receivingFrom(p.Context(), &b, name, payload)
			if done() || b.calls != 1 {
				p.Errorf("%s: Receive returns although the budget is used up, or %d calls before that", name, b.calls)
			}
			p.goOn <- struct{}{}
			if p.later(0); !done() {
				p.Fatal("Receive does not continue")
			}
			p.say("alice", "wait")
		}
		p.goOn <- struct{}{}
		p.later(0)
		p.forget()
	})
}

// TestLargestMailboxIsDroppedIfReadingStalls uses handlers that wait forever.
func TestLargestMailboxIsDroppedIfReadingStalls(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.login("alice")
		p.login("bob")
		p.say("alice", "wait")
		p.say("bob", "wait")
		p.say("alice", big("never", 40<<10))
		p.say("bob", big("never", 10<<10))
		p.later(0)
		p.forget()
		done := p.receiving(p.Context(), "bob", big("later", 20<<10))
		p.later(stallTimeout - time.Second)
		if done() {
			p.Fatal("Receive returns although the budget is used up")
		}
		p.later(time.Second + time.Millisecond)
		if !done() {
			p.Fatal("Receive does not continue")
		}
		p.expect("10s alice < disconnected 16 "+errTooMuchWaiting.Error(),
			"10s alice wait: "+errTooMuchWaiting.Error(), "10s alice logout", "10s alice ended")
		p.logged(logrus.ErrorLevel, errTooMuchWaiting.Error())
		p.say("bob", "hello")
		p.logout("alice")
		p.logout("bob")
		p.later(2 * time.Second)
		p.forget()
	})
}

// TestMessagesOfTheProcessAreDroppedIfReadingStalls covers messages that belong to no
// user.
func TestMessagesOfTheProcessAreDroppedIfReadingStalls(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.login("alice")
		p.receive("raw_xml", []byte("wait"))
		p.receive("raw_xml", []byte(big("never", 60<<10)))
		p.expect("alice login", "- wait")
		done := p.receiving(p.Context(), "alice", big("hello", 20<<10))
		p.later(stallTimeout)
		if !done() {
			p.Fatal("Receive does not continue")
		}
		p.logged(logrus.ErrorLevel, "dropping 1 messages of no user")
		p.receive("raw_xml", []byte("next"))
		p.forget()
		p.goOn <- struct{}{}
		p.expect("- next")
	})
}

// TestMessageOverTheBudgetIsHandledAlone sends messages that are each over the budget.
func TestMessageOverTheBudgetIsHandledAlone(t *testing.T) {
	perform(t, func(o *Options) { o.MaxQueueBytes = 1 }, func(p *play) {
		p.login("alice")
		for range 10 {
			p.say("alice", big("hello", 1000))
		}
		p.later(0)
		if len(p.record) != 11 {
			p.Errorf("%d messages were handled, not 11", len(p.record))
		}
		p.forget()
	})
}

// TestMessageHandledAtOnceNeedsNoBudget uses up the budget with messages of a user who
// waits for their network. Others go on.
func TestMessageHandledAtOnceNeedsNoBudget(t *testing.T) {
	performOnce(t, true, func(o *Options) { o.MaxQueueBytes = 1 << 10 }, func(p *play) {
		p.login("alice")
		p.login("bob")
		p.later(0)
		p.forget()
		p.r.budget.add(1 << 20)
		p.say("bob", "hello")
		p.later(0)
		p.expect("bob hello")
		if used := p.r.budget.inUse(); used != 1<<20+itemCost {
			p.Errorf("%d bytes of the budget are used", used)
		}
		p.r.budget.free(1 << 20)
	})
}

func TestBudgetHoldsUnderLoad(t *testing.T) {
	const workers, rounds, limit = 8, 2000, 4096
	r := newBudget(limit)
	queue := make(chan int, workers*rounds)
	var takers, freers sync.WaitGroup
	for w := range uint64(workers) {
		takers.Go(func() {
			dice := rand.New(rand.NewPCG(w, 1))
			for range rounds {
				size := dice.IntN(1000)
				r.take(t.Context(), size, func() {}, func() { t.Error("stalled") })
				queue <- size
			}
		})
		freers.Go(func() {
			for size := range queue {
				r.mu.Lock()
				used := r.used
				r.mu.Unlock()
				if used > limit {
					t.Errorf("%d bytes of %d are used", used, limit)
				}
				r.free(size)
			}
		})
	}
	takers.Wait()
	close(queue)
	freers.Wait()
	if r.used != 0 {
		t.Errorf("%d bytes are still used", r.used)
	}
}

// TestMessagesWithoutReceiverAreLoggedAndIgnored checks that they do not count against
// the budget.
func TestMessagesWithoutReceiverAreLoggedAndIgnored(t *testing.T) {
	for _, c := range []struct {
		name    string
		typ     string
		payload []byte
		level   logrus.Level
		log     string
	}{
		{"a LOGIN that does not parse", "login", []byte("\xff"), logrus.WarnLevel, "LOGIN is ignored: it does not parse"},
		{"a LOGIN without its required fields", "login", nil, logrus.WarnLevel, "LOGIN is ignored: it does not parse"},
		{"a LOGIN without a user", "login", loginOf("", "legacy"), logrus.WarnLevel, "LOGIN is ignored: it names no user"},
		{"a LOGOUT of a user without a session", "logout", []byte("\x0a\x03bob"), logrus.DebugLevel, "LOGOUT of a user who is not logged in"},
		{"a LOGOUT that does not parse", "logout", []byte("\xff"), logrus.DebugLevel, "LOGOUT of a user who is not logged in"},
		{"a message to a user without a session", "conv_message", sayingOf("bob", "hello"), logrus.DebugLevel, "conv_message for a user who is not logged in"},
		{"an empty list of contacts", "buddies", nil, logrus.DebugLevel, "buddies that names no user"},
		{"a message that does not parse", "conv_message", []byte("\xff"), logrus.DebugLevel, "conv_message that names no user"},
	} {
		t.Run(c.name, func(t *testing.T) {
			perform(t, nil, func(p *play) {
				p.receive(c.typ, c.payload)
				p.logged(c.level, c.log)
				p.expect()
			})
		})
	}
}

// TestBudgetAndRegistryStayConsistent logs many users in and out, and queues too many
// bytes for some of them.
func TestBudgetAndRegistryStayConsistent(t *testing.T) {
	perform(t, func(o *Options) { o.MaxQueueBytes = 1 << 20 }, func(p *play) {
		dice := rand.New(rand.NewPCG(1, 2))
		for range 5000 {
			user := fmt.Sprint("user", dice.IntN(20))
			switch n := dice.IntN(10); n {
			case 0:
				p.login(user)
			case 1:
				p.logout(user)
			case 2:
				p.say(user, []string{"nap", "spawn", "dropped", "connected", "refused"}[dice.IntN(5)])
			case 3:
				time.Sleep(time.Duration(dice.IntN(1000)) * time.Millisecond)
			default:
				p.say(user, big("hello", dice.IntN(3000)))
			}
		}
		p.exit(time.Second)
		p.later(time.Second)
		p.forget()
	})
}
