package settings

import "regexp"

// Registration is the section [registration].
type Registration struct {
	Public bool // enable_public_registration
	// AllowedUsernames is a pattern for whole names, after the mask; nil allows all.
	AllowedUsernames *regexp.Regexp
	UsernameMask     string // with $username
	Language         string // of new users
	Instructions     string
	UsernameLabel    string
	PasswordLabel    string
	NotifyJIDs       []string
	AutoRegister     bool
	NeedPassword     bool
	NeedRegistration bool
}

func readRegistration(r *reader) Registration {
	s := Registration{
		Public:           r.flag("registration.enable_public_registration", true),
		UsernameMask:     r.text("registration.username_mask", ""),
		Language:         r.text("registration.language", "en"),
		Instructions:     r.text("registration.instructions", "Enter your legacy network username and password."),
		UsernameLabel:    r.text("registration.username_label", "3rd-party network username"),
		PasswordLabel:    r.text("registration.password_label", "3rd-party network password"),
		NotifyJIDs:       r.list("registration.notify_jid"),
		AutoRegister:     r.flag("registration.auto_register", false),
		NeedPassword:     r.flag("registration.needPassword", true),
		NeedRegistration: r.flag("registration.needRegistration", true),
	}
	if text := r.text("registration.allowed_usernames", ""); text != "" {
		pattern, err := regexp.Compile("^(?:" + text + ")$")
		if err != nil {
			r.wrong("registration.allowed_usernames", "it is not a regular expression: %v", err)
		}
		s.AllowedUsernames = pattern
	}
	return s
}
