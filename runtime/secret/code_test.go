package secret_test

import (
	"strings"
	"testing"

	"spectrumlua/runtime/secret"
)

func TestCodeMasksValuesOfSecrets(t *testing.T) {
	for text, want := range map[string]string{
		`login { password = "hunter2", user = "al" }`:     `login { password = "***", user = "al" }`,
		`t["api_token"]='a\'b' x = 1`:                     `t["api_token"]="***" x = 1`,
		`if PASSWORD == "x" then`:                         `if PASSWORD == "***" then`,
		`password = "x" .. "y" print("z")`:                `password = "***" .. "***" print("z")`,
		"password = [[a]] x = [[b]]":                      `password = "***" x = [[b]]`,
		"password = [==[a]]b]==] .. 'c'":                  `password = "***" .. "***"`,
		`password = user or "hunter2"`:                    `password = user or "***"`,
		`password = ("hunter2"):rep(3)`:                   `password = ("***"):rep(***)`,
		`token = 12345; x = 1`:                            `token = ***; x = 1`,
		`set_password("alice", "hunter2") say("hi")`:      `set_password("***", "***") say("hi")`,
		`config.set("password", "hunter2") say("hi")`:     `config.set("password", "***") say("hi")`,
		`{ ["password"] = "hunter2", name = "al" }`:       `{ ["password"] = "***", name = "al" }`,
		`{"password": "hunter2", "name": "al"}`:           `{"password": "***", "name": "al"}`,
		`open("mysql://al:hunter2@db/x")`:                 `open("***")`,
		`send("<iq><password>hunter2</password></iq>")`:   `send("***")`,
		`send("<iq><body>text</body></iq>")`:              `send("<iq><body>text</body></iq>")`,
		`password = "hunter2`:                             `password = "***"`,
		"password = [[hunter2":                            `password = "***"`,
		"password = \"hunter2\nx = 'y'":                   "password = \"***\"\nx = 'y'",
		`password = "a\"hunter2"`:                         `password = "***"`,
		`name = "x" .. password`:                          `name = "x" .. password`,
		`print(password, "x")`:                            `print(password, "x")`,
		`session("alice@localhost").settings.password`:    `session("alice@localhost").settings.password`,
		`return tostring(1.5), t[1], 0x1F, "a" < 'b', #t`: `return tostring(1.5), t[1], 0x1F, "a" < 'b', #t`,
		`"`: `"`, `password = "`: `password = "***"`, `[[`: `[[`, "": "", `)]}`: `)]}`,
	} {
		if got := secret.Code(text); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// TestCodeTakesLinearTime masks long texts of many kinds.
func TestCodeTakesLinearTime(t *testing.T) {
	for _, part := range []string{"x=", "'a'", "\"<\"", "[", "[=", "{", "password,", "--", "1 ", "'token' "} {
		secret.Code(strings.Repeat(part, 1<<20/len(part)))
	}
}

// FuzzCode masks parts of random texts.
func FuzzCode(f *testing.F) {
	for _, text := range []string{`x = "y" .. [[z]]`, `f{a=1,["b"]=2}`, "--[==[\n]==]", `'\`, "\xff\""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := secret.Code(text)
		if got != text && !strings.Contains(got, secret.Mask) {
			t.Errorf("%q becomes %q", text, got)
		}
		if masked := secret.Code(`password = "hunter2" ` + text); strings.Contains(masked, "hunter2") && !strings.Contains(text, "hunter2") {
			t.Errorf("%q", masked)
		}
	})
}
