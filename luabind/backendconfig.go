package luabind

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/convert"
	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/spelling"
)

// backendSettings has the sections and keys of BACKEND_CONFIG that Spectrum reads.
// The value is true for a boolean key. If such a key has another value, Spectrum
// drops the PONG that follows and never connects to the XMPP server.
var backendSettings = map[string]map[string]bool{
	"registration": {"needPassword": true, "needRegistration": true, "extraField": false},
	"features": {
		"muc": true, "rawxml": true, "receipts": true,
		"disable_jid_escaping": true, "send_buddies_on_login": true,
	},
}

var backendConfigType = schema.TypeByNumber(pb.WrapperMessage_TYPE_BACKEND_CONFIG)

// backendConfig implements spectrum.backend_config{ section = { key = value } }. It
// sends the same text only once, because Spectrum keeps the first value of a key. A
// reload would otherwise send it again.
func (h *Host) backendConfig(l *lua.LState) int {
	text, err := h.configText(l.CheckTable(1))
	if err != nil {
		bind.Raise(l, "backend_config: %v", err)
	}
	fields := bind.NewTable()
	fields.RawSetString("config", lua.LString(text))
	payload, err := convert.Encode(nil, backendConfigType.Payload, fields, "")
	if err != nil {
		bind.Raise(l, "backend_config: %v", err)
	}
	if h.announced[text] {
		return 0
	}
	announce := func() { h.announced[text] = true }
	if rt := bind.RuntimeOf(l); rt.Loading() {
		rt.Defer(announce)
	} else {
		announce()
	}
	h.transmit(l, backendConfigType, nil, payload)
	return 0
}

// configText encodes a table of sections in the format of a config file.
func (h *Host) configText(sections *lua.LTable) (string, error) {
	var b strings.Builder
	for _, section := range sortedKeys(sections) {
		keys, ok := sections.RawGetString(section).(*lua.LTable)
		if !ok {
			return "", fmt.Errorf("%s: table expected (as in { features = { muc = true } })", section)
		}
		fmt.Fprintf(&b, "[%s]\n", section)
		for _, key := range sortedKeys(keys) {
			lines, err := h.configLines(section, key, keys.RawGetString(key))
			if err != nil {
				return "", err
			}
			b.WriteString(lines)
		}
	}
	return b.String(), nil
}

// configLines encodes a key, with a line for each value of a list.
func (h *Host) configLines(section, key string, value lua.LValue) (string, error) {
	values := []lua.LValue{value}
	if list, ok := value.(*lua.LTable); ok {
		values = nil
		for i := 1; i <= list.Len(); i++ {
			values = append(values, list.RawGetInt(i))
		}
	}
	var b strings.Builder
	for _, v := range values {
		text := v.String()
		switch v := v.(type) {
		case lua.LBool:
			text = "0"
			if v {
				text = "1"
			}
		case lua.LString, lua.LNumber:
		default:
			return "", fmt.Errorf("%s.%s: boolean, string, number or list of them expected, got %s", section, key, v.Type())
		}
		if err := h.checkSetting(section, key, text); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s=%s\n", key, text)
	}
	return b.String(), nil
}

// checkConfigText checks a config text that the script wrote itself.
func (h *Host) checkConfigText(text string) error {
	section := ""
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		key, value, isSetting := strings.Cut(line, "=")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = line[1 : len(line)-1]
		case isSetting:
			if err := h.checkSetting(section, strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
				return err
			}
		default:
			return fmt.Errorf("config: the line %q is neither [section] nor key=value", line)
		}
	}
	return nil
}

// checkSetting checks a setting and logs doubts about it.
func (h *Host) checkSetting(section, key, value string) error {
	doubt, err := CheckBackendSetting(section, key, value)
	if doubt != "" {
		h.log.Warn("backend_config: " + doubt)
	}
	return err
}

// CheckBackendSetting checks a setting of BACKEND_CONFIG. It returns an error for a
// setting that cannot be sent, and a doubt for a setting that Spectrum ignores.
func CheckBackendSetting(section, key, value string) (doubt string, err error) {
	if strings.ContainsAny(key+value, "\r\n#[]=") && strings.ContainsAny(key+value, "\r\n#") || strings.ContainsAny(key, "[]=") {
		return "", fmt.Errorf("%s.%s: line breaks and # cannot be sent", section, key)
	}
	keys, known := backendSettings[section]
	if !known {
		return "", fmt.Errorf("there is no section %q; the sections are %s", section, strings.Join(names(backendSettings), ", "))
	}
	boolean, known := keys[key]
	if !known {
		if near := spelling.Name(key, names(keys)); near != "" {
			return "", fmt.Errorf("%s.%s: there is no such key; did you mean %s?", section, key, near)
		}
		return fmt.Sprintf("%s.%s is not a key that Spectrum 2.2 reads", section, key), nil
	}
	if boolean && value != "0" && value != "1" && value != "true" && value != "false" {
		return "", fmt.Errorf("%s.%s: true or false expected, got %q", section, key, value)
	}
	return "", nil
}

func names[V any](m map[string]V) []string {
	var all []string
	for name := range m {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func sortedKeys(t *lua.LTable) []string {
	var keys []string
	t.ForEach(func(k, _ lua.LValue) { keys = append(keys, k.String()) })
	slices.Sort(keys)
	return keys
}
