package process

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
)

// queries answers the commands of the script (QUERY), as Spectrum's administration does.
type queries struct {
	mu     sync.Mutex
	users  map[string]struct{} // the JIDs of the users with a session
	loaded time.Time           // when the script was first loaded
}

// online records whether a user has a session.
func (q *queries) online(jid string, is bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if is {
		q.users[jid] = struct{}{}
	} else {
		delete(q.users, jid)
	}
}

// start records when the script was first loaded.
func (q *queries) start(u *router.User) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.loaded.IsZero() {
		q.loaded = u.Router().Clock.Now()
	}
}

const queryHelp = `status - shows the state of the transport
uptime - shows for how many seconds the script has been running
backends_count - shows how many processes run the script
online_users_count - shows how many users are logged in
has_online_user JID - shows 1 if the user is logged in, otherwise 0
help - shows this text`

// answer handles a QUERY. Answers go to the script in the order of the commands.
func (q *queries) answer(u *router.User, m *pb.BackendConfig) {
	u.Deliver(pb.WrapperMessage_TYPE_QUERY, &pb.BackendConfig{Config: proto.String(q.text(u, m.GetConfig()))})
}

func (q *queries) text(u *router.User, query string) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	name, argument, _ := strings.Cut(strings.TrimSpace(query), " ")
	switch name {
	case "status":
		return fmt.Sprintf("Running (%d users connected using 1 backends)", len(q.users))
	case "uptime":
		return fmt.Sprint(int64(u.Router().Clock.Now().Sub(q.loaded) / time.Second))
	case "backends_count":
		return "1"
	case "online_users_count":
		return fmt.Sprint(len(q.users))
	case "has_online_user":
		if _, is := q.users[strings.TrimSpace(argument)]; is {
			return "1"
		}
		return "0"
	case "help":
		return queryHelp
	}
	return fmt.Sprintf("Error: Unknown variable or command %q; `help` lists them", name)
}
