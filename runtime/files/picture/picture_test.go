package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"testing"

	"spectrumlua/runtime/files/picture"
)

// noise is a picture that does not compress well.
func noise(w, h int) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		m.Pix[i] = byte(r.Uint32())
	}
	return m
}

func encode(t *testing.T, f func(b *bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPicturesHaveASizeAndASmallPreview(t *testing.T) {
	wide := noise(600, 300)
	for name, data := range map[string][]byte{
		"image/png":  encode(t, func(b *bytes.Buffer) error { return png.Encode(b, wide) }),
		"image/jpeg": encode(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, wide, nil) }),
		"image/gif":  encode(t, func(b *bytes.Buffer) error { return gif.Encode(b, wide, nil) }),
	} {
		p, err := picture.Describe(bytes.NewReader(data), int64(len(data)))
		if err != nil || p.Type != name || p.Width != 600 || p.Height != 300 {
			t.Errorf("%s: %v %+v", name, err, p)
			continue
		}
		c, format, err := image.DecodeConfig(bytes.NewReader(p.Preview))
		if err != nil || format != "jpeg" || len(p.Preview) > picture.MaxPreview || c.Width != 2*c.Height {
			t.Errorf("%s: the preview has %d bytes, %s %+v, %v", name, len(p.Preview), format, c, err)
		}
	}
}

func TestTransparentPicturesGetAWhiteGround(t *testing.T) {
	clear := encode(t, func(b *bytes.Buffer) error { return png.Encode(b, image.NewNRGBA(image.Rect(0, 0, 8, 8))) })
	p, err := picture.Describe(bytes.NewReader(clear), int64(len(clear)))
	if err != nil {
		t.Fatal(err)
	}
	m, err := jpeg.Decode(bytes.NewReader(p.Preview))
	if err != nil {
		t.Fatal(err)
	}
	if r, _, _, _ := color.RGBAModel.Convert(m.At(4, 4)).RGBA(); r < 0xf000 {
		t.Errorf("the preview is dark: %x", r)
	}
}

// header is the beginning of a PNG that claims a size.
func header(w, h uint32) []byte {
	ihdr := append([]byte("IHDR"), 0, 0, 0, 0, 0, 0, 0, 0, 8, 6, 0, 0, 0)
	binary.BigEndian.PutUint32(ihdr[4:], w)
	binary.BigEndian.PutUint32(ihdr[8:], h)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), ihdr...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(ihdr))
}

func TestBombsAreNotDecoded(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		fail bool
	}{
		{"many pixels", header(60_000, 60_000), false},
		{"a long side", header(1<<20, 1), true},
		{"an endless side", header(1<<31-1, 1<<31-1), true},
		{"no pixels", header(0, 10), true},
		{"a broken picture", header(10, 10), false},
		{"text", []byte("<svg/>"), true},
		{"nothing", nil, true},
	} {
		p, err := picture.Describe(bytes.NewReader(c.data), int64(len(c.data)))
		if errors.Is(err, picture.ErrNone) != c.fail || p.Preview != nil {
			t.Errorf("%s: %v %+v", c.name, err, p)
		}
	}
}
