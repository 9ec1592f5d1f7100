// Package picture measures pictures and makes small previews of them. It bounds the memory
// that a picture takes, whatever its header claims.
package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // format
	"image/jpeg"
	_ "image/png" // format
	"io"

	_ "golang.org/x/image/bmp" // format
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // format
)

// MaxPreview is the maximum size of a preview, in bytes.
const MaxPreview = 16_000

// Limits of pictures.
const (
	maxSide    = 1 << 16    // pixels
	maxPixels  = 12_600_000 // of a picture that gets a preview: at most 150 MB while it is decoded (a progressive JPEG)
	maxHeader  = 1 << 20    // bytes until the dimensions are known
	maxContent = 32 << 20   // bytes of a picture that gets a preview
	side       = 192        // of a preview, in pixels
)

// Picture is what is known about a picture.
type Picture struct {
	Type          string // the media type
	Width, Height int    // in pixels, as clients show it
	Preview       []byte // a JPEG, or nil
}

// ErrNone is the error for content that is not a picture, or in an unknown format.
var ErrNone = errors.New("this is not a picture in a known format")

// one allows one picture at a time to be decoded.
var one = make(chan struct{}, 1)

// Describe measures a picture of a size in bytes. A picture that is too large, or broken
// after its header, has no preview.
func Describe(content io.ReaderAt, size int64) (Picture, error) {
	c, format, err := image.DecodeConfig(io.NewSectionReader(content, 0, min(size, maxHeader)))
	if err != nil {
		return Picture{}, ErrNone
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > maxSide || c.Height > maxSide {
		return Picture{}, fmt.Errorf("%w: %d x %d pixels", ErrNone, c.Width, c.Height)
	}
	p := Picture{Type: "image/" + format, Width: c.Width, Height: c.Height}
	turn := 1
	if format == "jpeg" { // cameras store photos as the sensor is, and say how to turn them
		if turn = orientation(io.NewSectionReader(content, 0, min(size, maxHeader))); lies(turn) {
			p.Width, p.Height = p.Height, p.Width
		}
	}
	if size <= maxContent && c.Width*c.Height <= maxPixels {
		one <- struct{}{}
		defer func() { <-one }()
		p.Preview = preview(io.NewSectionReader(content, 0, size), c, turn)
	}
	return p, nil
}

// preview returns a small JPEG that is upright, or nil if the picture cannot be decoded.
func preview(r io.Reader, c image.Config, turn int) (data []byte) {
	defer func() {
		if recover() != nil { // a decoder fails on a broken picture
			data = nil
		}
	}()
	full, _, err := image.Decode(r)
	if err != nil || full.Bounds().Dx() != c.Width || full.Bounds().Dy() != c.Height {
		return nil
	}
	for edge := side; edge >= 16; edge /= 2 {
		small := upright(shrink(full, edge), turn)
		for _, quality := range []int{75, 50} {
			var b bytes.Buffer
			if jpeg.Encode(&b, small, &jpeg.Options{Quality: quality}) == nil && b.Len() <= MaxPreview {
				return b.Bytes()
			}
		}
	}
	return nil
}

// shrink fits a picture into a square, on a white ground.
func shrink(full image.Image, edge int) image.Image {
	w, h := full.Bounds().Dx(), full.Bounds().Dy()
	if longest := max(w, h); longest > edge {
		w, h = max(1, w*edge/longest), max(1, h*edge/longest)
	}
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(small, small.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(small, small.Bounds(), full, full.Bounds(), draw.Over, nil)
	return small
}
