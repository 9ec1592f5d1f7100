// Package qrcode draws texts as QR codes, for pictures and for terminals.
package qrcode

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"github.com/boombuler/barcode/qr"
)

const (
	// margin is the width of the light border, in modules (ISO/IEC 18004 requires 4).
	margin = 4
	// moduleSize is the width of a module in a picture, in pixels.
	moduleSize = 6
)

// ErrTooLong means that a text does not fit into a QR code: 2953 bytes do.
var ErrTooLong = errors.New("the text is too long for a QR code")

// Code is a square of modules: true is dark. It includes the light border.
type Code [][]bool

// New returns the code of a text. The error is ErrTooLong.
func New(text string) (Code, error) {
	picture, err := qr.Encode(text, qr.L, qr.Auto)
	if err != nil { // all other texts have an encoding
		return nil, fmt.Errorf("%w: it has %d bytes", ErrTooLong, len(text))
	}
	modules := picture.Bounds().Dx()
	code := make(Code, modules+2*margin)
	for y := range code {
		code[y] = make([]bool, len(code))
	}
	for y := range modules {
		for x := range modules {
			code[y+margin][x+margin] = picture.At(x, y) == color.Black
		}
	}
	return code, nil
}

// PNG returns the code as a picture.
func (c Code) PNG() ([]byte, error) {
	size := len(c) * moduleSize
	picture := image.NewPaletted(image.Rect(0, 0, size, size), color.Palette{color.White, color.Black})
	for y := range size {
		for x := range size {
			if c[y/moduleSize][x/moduleSize] {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, picture)
	return b.Bytes(), err
}

// halves are the characters for two modules, one above the other. A light module is drawn,
// and a dark one is left out: this is right for light letters on a dark background. Most
// scanners also read the opposite.
var halves = map[[2]bool]string{
	{false, false}: "█", {false, true}: "▀", {true, false}: "▄", {true, true}: " ",
}

// Blocks returns the code as lines of characters, two modules in each.
func (c Code) Blocks() string {
	var b bytes.Buffer
	for y := 0; y < len(c); y += 2 {
		if y > 0 {
			b.WriteByte('\n')
		}
		for x := range c[y] {
			below := y+1 == len(c) || c[y+1][x] // nothing is drawn below the last line
			b.WriteString(halves[[2]bool{c[y][x], below}])
		}
	}
	return b.String()
}
