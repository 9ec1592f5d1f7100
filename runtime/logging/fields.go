package logging

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/shorten"
)

// maxDepth is the maximum depth of nested maps.
const maxDepth = 4

// appendFields appends " key=value" for each field, sorted by key.
func appendFields(b []byte, data logrus.Fields) []byte {
	var buf [16]string
	keys := buf[:0]
	for key := range data {
		if !IsOwnField(key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	start := len(b)
	for _, key := range keys {
		if len(b)-start > maxEntry/2 {
			return append(b, " …"...)
		}
		b = append(b, ' ')
		b = appendPair(b, key, data[key], 0)
	}
	return b
}

func appendPair(b []byte, key string, value any, depth int) []byte {
	b = appendQuoted(b, key)
	b = append(b, '=')
	if secret.Field(key) {
		return append(b, secret.Mask...)
	}
	return appendValue(b, value, depth)
}

// appendValue appends a value. For a struct or a protobuf message it appends only the
// type, because their fields may be secret.
func appendValue(b []byte, value any, depth int) []byte {
	switch v := value.(type) {
	case nil:
		return append(b, "nil"...)
	case string:
		return appendQuoted(b, v)
	case []byte:
		return appendQuoted(b, string(v[:min(len(v), maxField+utf8.UTFMax)]))
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case bool:
		return strconv.AppendBool(b, v)
	case error:
		return appendQuoted(b, fmt.Sprint(v)) // Sprint recovers from a panic in Error
	case logrus.Fields:
		return appendMap(b, v, depth)
	case map[string]any:
		return appendMap(b, v, depth)
	case map[string]string:
		return appendMap(b, v, depth)
	case interface{ ProtoMessage() }: // its String would show all fields
		return fmt.Appendf(b, "%T", v)
	case interface{ Redacted() string }: // a URL without its password
		return appendQuoted(b, redacted(v))
	case fmt.Stringer:
		return appendQuoted(b, fmt.Sprint(v))
	}
	if isPlain(reflect.TypeOf(value)) {
		return appendQuoted(b, fmt.Sprint(value))
	}
	return appendQuoted(b, fmt.Sprintf("%T", value))
}

// redacted calls v's method. Like fmt, it recovers from the panic of a nil pointer.
func redacted(v interface{ Redacted() string }) (s string) {
	defer func() {
		if recover() != nil {
			s = fmt.Sprintf("%T", v)
		}
	}()
	return v.Redacted()
}

func appendMap[V any](b []byte, m map[string]V, depth int) []byte {
	if depth == maxDepth {
		return append(b, "{…}"...)
	}
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	start := len(b)
	b = append(b, '{')
	for i, key := range keys {
		if i > 0 {
			b = append(b, ' ')
		}
		if len(b)-start > maxField {
			b = append(b, "…"...)
			break
		}
		b = appendPair(b, key, m[key], depth+1)
	}
	return append(b, '}')
}

// isPlain reports whether a type is a number, a string, a boolean or a list of those.
func isPlain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return t.Elem().Kind() != reflect.Slice && t.Elem().Kind() != reflect.Array && isPlain(t.Elem())
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return true
	}
	return false
}

// appendQuoted appends s, truncated at maxField. It adds quotes if s contains
// characters that separate fields or cannot be printed.
func appendQuoted(b []byte, s string) []byte {
	size := len(s)
	s = shorten.Cut(s, maxField)
	rest := size - len(s)
	if needsQuotes(s) {
		b = strconv.AppendQuote(b, s)
	} else {
		b = append(b, s...)
	}
	if rest > 0 {
		b = fmt.Appendf(b, "…(%d bytes more)", rest)
	}
	return b
}

func needsQuotes(s string) bool {
	for _, r := range s {
		if r <= ' ' || r == '"' || r == '=' || r == '\\' || r == '{' || r == '}' || r == utf8.RuneError || !unicode.IsPrint(r) {
			return true
		}
	}
	return s == ""
}
