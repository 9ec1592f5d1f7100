package qrcode

import (
	"bytes"
	"image"
	"image/color"
	_ "image/gif" // formats of pictures
	_ "image/png"
)

// Limits of the pictures that FromPicture reads.
const (
	maxPixels  = 2000 // of a side
	maxModules = 177 + 2*16
)

// FromPicture returns the code in a PNG or GIF that shows nothing else: a square whose
// modules are whole pixels, one colour dark and one light. It returns nil for any other
// picture.
func FromPicture(data []byte) Code {
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || config.Width != config.Height || config.Width > maxPixels || config.Width < 21 {
		return nil
	}
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	size := config.Width
	dark := make(Code, size)
	for y := range size {
		dark[y] = make([]bool, size)
		for x := range size {
			grey := color.GrayModel.Convert(picture.At(picture.Bounds().Min.X+x, picture.Bounds().Min.Y+y)).(color.Gray).Y
			if grey > 64 && grey < 192 {
				return nil // neither dark nor light: a photo
			}
			dark[y][x] = grey < 128
		}
	}
	return dark.shrink()
}

// shrink returns the modules of a code whose modules are squares of several pixels.
func (c Code) shrink() Code {
	unit := len(c)
	for y := range c {
		for x := 1; x < len(c); x++ {
			if c[y][x] != c[y][x-1] {
				unit = divisor(unit, x)
			}
			if c[x][y] != c[x-1][y] {
				unit = divisor(unit, x)
			}
		}
	}
	size := len(c) / unit
	if size < 21 || size > maxModules {
		return nil
	}
	small := make(Code, size)
	for y := range small {
		small[y] = make([]bool, size)
		for x := range small[y] {
			small[y][x] = c[y*unit][x*unit]
		}
	}
	return small
}

// divisor returns the greatest common divisor.
func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
