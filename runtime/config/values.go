package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxExact is the limit up to which a float64 holds every whole number.
const maxExact = 1 << 53

var booleans = map[string]bool{
	"1": true, "true": true, "yes": true, "on": true,
	"0": false, "false": false, "no": false, "off": false,
}

const allowedBooleans = "1, true, yes, on, 0, false, no or off"

// Bool returns the value of key as a boolean, and reports whether the key is set. If
// the key has several values, it uses the one that Get returns. 1, true, yes and on are
// true; 0, false, no and off are false, in upper or lower case. For any other value,
// also the empty one, it returns an *Error with the position.
func (c *Config) Bool(key string) (value, ok bool, err error) {
	s, ok := c.settings[key]
	if !ok {
		return false, false, nil
	}
	e := s.first()
	value, known := booleans[strings.ToLower(e.value)]
	if !known {
		return false, true, c.problem(e.line, Shown(key)+" has to be "+allowedBooleans+", not "+show(key, e.value))
	}
	return value, true, nil
}

// Number returns the value of key as a decimal number ("12", "-0.5", "1e3"), and
// reports whether the key is set. If the key has several values, it uses the one that
// Get returns. For any other value it returns an *Error with the position, and also for
// a whole number beyond 2^53, which a float64 cannot hold exactly.
func (c *Config) Number(key string) (value float64, ok bool, err error) {
	s, ok := c.settings[key]
	if !ok {
		return 0, false, nil
	}
	e := s.first()
	value, err = decimal(e.value)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, true, c.problem(e.line, Shown(key)+" is "+show(key, e.value)+", more than a number can hold exactly; read it as text")
	case err != nil:
		return 0, true, c.problem(e.line, Shown(key)+" has to be a number such as 12 or 0.5, not "+show(key, e.value))
	}
	return value, true, nil
}

// Bytes returns the value of key as a number of bytes ("65536", "64K", "16M", "1G": powers
// of 1024), and reports whether the key is set. If the key has several values, it uses the
// one that Get returns. For any other value it returns an *Error with the position.
func (c *Config) Bytes(key string) (value int64, ok bool, err error) {
	s, ok := c.settings[key]
	if !ok {
		return 0, false, nil
	}
	e := s.first()
	value, err = byteSize(e.value)
	if err != nil {
		return 0, true, c.problem(e.line, Shown(key)+" has to be a number of bytes such as 65536, 64K or 16M, not "+show(key, e.value))
	}
	return value, true, nil
}

// decimal parses a decimal number, without Go's other notations. Its error wraps
// strconv.ErrRange or strconv.ErrSyntax.
func decimal(text string) (float64, error) {
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return 0, strconv.ErrSyntax
	}
	if strings.ContainsAny(text, ".eE") {
		return strconv.ParseFloat(text, 64)
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err == nil && (value > maxExact || value < -maxExact) {
		err = strconv.ErrRange
	}
	return float64(value), err
}

// whole parses a number without a sign or a fraction.
func whole(text string) (int64, error) {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseInt(text, 10, 64)
}

// seconds parses a number of seconds and returns nanoseconds.
func seconds(text string) (int64, error) {
	value, err := decimal(text)
	if err != nil {
		return 0, err
	}
	value *= float64(time.Second)
	if math.Abs(value) >= math.MaxInt64 {
		return 0, strconv.ErrRange
	}
	return int64(math.Round(value)), nil
}

// byteUnits maps each unit to its number of bits.
var byteUnits = map[string]uint{
	"": 0, "k": 10, "kb": 10, "kib": 10, "m": 20, "mb": 20, "mib": 20, "g": 30, "gb": 30, "gib": 30,
}

// byteSize parses a number of bytes. The units K, M and G, also written KB or KiB,
// are powers of 1024 as in a log's MaxFileSize. Case and a blank before the unit
// are ignored.
func byteSize(text string) (int64, error) {
	number := strings.TrimRight(text, "bBgGiIkKmM \t")
	shift, ok := byteUnits[strings.ToLower(strings.Trim(text[len(number):], blanks))]
	if !ok {
		return 0, strconv.ErrSyntax
	}
	value, err := whole(number)
	if err != nil {
		return 0, err
	}
	if value > math.MaxInt64>>shift {
		return 0, strconv.ErrRange
	}
	return value << shift, nil
}
