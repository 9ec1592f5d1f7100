package richtext

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// palette has the colours that IRC numbers. Numbers 0 to 15 are those of mIRC, and most
// clients know the others. Number 99 is the default colour.
var palette = strings.Fields(`
#ffffff #000000 #00007f #009300 #ff0000 #7f0000 #9c009c #fc7f00
#ffff00 #00fc00 #009393 #00ffff #0000fc #ff00ff #7f7f7f #d2d2d2
#470000 #472100 #474700 #324700 #004700 #00472c #004747 #002747
#000047 #2e0047 #470047 #47002a #740000 #743a00 #747400 #517400
#007400 #007449 #007474 #004074 #000074 #4b0074 #740074 #740045
#b50000 #b56300 #b5b500 #7db500 #00b500 #00b571 #00b5b5 #0063b5
#0000b5 #7500b5 #b500b5 #b5006b #ff0000 #ff8c00 #ffff00 #b2ff00
#00ff00 #00ffa0 #00ffff #008cff #0000ff #a500ff #ff00ff #ff0098
#ff5959 #ffb459 #ffff71 #cfff60 #6fff6f #65ffc9 #6dffff #59b4ff
#5959ff #c459ff #ff66ff #ff59bc #ff9c9c #ffd39c #ffff9c #e2ff9c
#9cff9c #9cffdb #9cffff #9cd3ff #9c9cff #dc9cff #ff9cff #ff94d3
#000000 #131313 #282828 #363636 #4d4d4d #656565 #818181 #9f9f9f
#bcbcbc #e2e2e2 #ffffff`)

// colourNames are the names that clients let users choose.
var colourNames = map[string]string{
	"aqua": "#00ffff", "black": "#000000", "blue": "#0000ff", "brown": "#a52a2a", "cyan": "#00ffff",
	"fuchsia": "#ff00ff", "gray": "#808080", "green": "#008000", "grey": "#808080", "lime": "#00ff00",
	"magenta": "#ff00ff", "maroon": "#800000", "navy": "#000080", "olive": "#808000", "orange": "#ffa500",
	"pink": "#ffc0cb", "purple": "#800080", "red": "#ff0000", "silver": "#c0c0c0", "teal": "#008080",
	"white": "#ffffff", "yellow": "#ffff00",
}

// normalColour returns a colour of CSS as #rrggbb, or "".
func normalColour(css string) string {
	css = strings.ToLower(strings.Join(strings.Fields(css), ""))
	if name, ok := colourNames[css]; ok {
		return name
	}
	if digits, ok := strings.CutPrefix(css, "#"); ok {
		if len(digits) == 3 {
			digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
		}
		if _, err := strconv.ParseUint(digits, 16, 32); err == nil && len(digits) == 6 {
			return "#" + digits
		}
		return ""
	}
	inner, ok := strings.CutPrefix(css, "rgb(")
	parts := strings.Split(strings.TrimSuffix(inner, ")"), ",")
	if !ok || len(parts) != 3 {
		return ""
	}
	colour := "#"
	for _, part := range parts {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil {
			return ""
		}
		colour += fmt.Sprintf("%02x", min(n, 255))
	}
	return colour
}

var paletteNumbers = func() (all [][3]int) {
	for _, colour := range palette {
		all = append(all, components(colour))
	}
	return all
}()

func components(colour string) (rgb [3]int) {
	n, _ := strconv.ParseUint(colour[1:], 16, 32)
	return [3]int{int(n >> 16 & 255), int(n >> 8 & 255), int(n & 255)}
}

// colourNumber returns the number of the most similar colour. If two are equal, it
// returns the lower number, which more clients know.
func colourNumber(colour string) int {
	rgb := components(colour)
	best, least := 0, math.MaxInt
	for number, other := range paletteNumbers {
		distance := 0
		for i := range rgb {
			distance += (rgb[i] - other[i]) * (rgb[i] - other[i])
		}
		if distance < least {
			best, least = number, distance
		}
	}
	return best
}
