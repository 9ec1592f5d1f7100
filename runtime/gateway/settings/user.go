package settings

import "spectrumlua/runtime/gateway/users"

// User is the section [settings]: what a new user starts with.
type User struct {
	StayConnected bool
	SendHeadlines bool
}

func readUser(r *reader) User {
	return User{
		StayConnected: r.flag("settings.stay_connected", false),
		SendHeadlines: r.flag("settings.send_headlines", false),
	}
}

// Values returns the settings as they are stored.
func (u User) Values() map[string]string {
	return map[string]string{
		"enable_transport": "1",
		"stay_connected":   users.Boolean(u.StayConnected),
		"send_headlines":   users.Boolean(u.SendHeadlines),
	}
}
