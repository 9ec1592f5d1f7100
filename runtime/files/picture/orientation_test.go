package picture_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"spectrumlua/runtime/files/picture"
)

// photo is a JPEG of 80 by 40 pixels with an EXIF segment. Its first quarter is red, the one
// right of it green, the one below it blue, and the last one white.
func photo(t *testing.T, exif []byte) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 80, 40))
	for y := range 40 {
		for x := range 80 {
			m.Set(x, y, []color.RGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}}[x/40+2*(y/20)])
		}
	}
	data := encode(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, m, nil) })
	if exif == nil {
		return data
	}
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	comment := []byte{0xff, 0xfe, 0, 4, 'h', 'i'} // another segment first
	return bytes.Join([][]byte{data[:2], comment, segment, exif, data[2:]}, nil)
}

// oriented is an EXIF segment with an orientation, after another tag.
func oriented(order binary.ByteOrder, value uint16) []byte {
	b := []byte("Exif\x00\x00MM\x00*")
	if order == binary.LittleEndian {
		b = []byte("Exif\x00\x00II*\x00")
	}
	put := func(values ...uint16) {
		for _, v := range values {
			b = append(b, 0, 0)
			order.PutUint16(b[len(b)-2:], v)
		}
	}
	b = append(b, 0, 0, 0, 0)
	order.PutUint32(b[len(b)-4:], 8)
	put(2)
	put(0x0100, 3)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
	put(0x0112, 3)
	b = append(b, 0, 0, 0, 0)
	order.PutUint32(b[len(b)-4:], 1)
	put(value, 0)
	return append(b, 0, 0, 0, 0)
}

// corners returns the colours of the quarters of a JPEG, row by row.
func corners(t *testing.T, data []byte) (colours string) {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	for _, at := range []image.Point{{w / 4, h / 4}, {3 * w / 4, h / 4}, {w / 4, 3 * h / 4}, {3 * w / 4, 3 * h / 4}} {
		r, g, b, _ := m.At(at.X, at.Y).RGBA()
		switch {
		case r > 0x8000 && g > 0x8000 && b > 0x8000:
			colours += "w"
		case r > 0x8000:
			colours += "r"
		case g > 0x8000:
			colours += "g"
		default:
			colours += "b"
		}
	}
	return colours
}

func TestPhotosAreMeasuredAndPreviewedAsClientsShowThem(t *testing.T) {
	for value, want := range []string{"rgbw", "rgbw", "grwb", "wbgr", "bwrg", "rbgw", "brwg", "wgbr", "gwrb", "rgbw"} {
		for _, order := range []binary.ByteOrder{binary.BigEndian, binary.LittleEndian} {
			data := photo(t, oriented(order, uint16(value)))
			p, err := picture.Describe(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			width, height := 80, 40
			if value >= 5 && value <= 8 {
				width, height = 40, 80
			}
			if got := corners(t, p.Preview); p.Width != width || p.Height != height || got != want {
				t.Errorf("%d, %v: %d x %d %s, want %s", value, order, p.Width, p.Height, got, want)
			}
		}
	}
}

func TestBrokenOrientationsAreUpright(t *testing.T) {
	whole := oriented(binary.BigEndian, 6)
	far := bytes.Clone(whole)
	copy(far[10:], "\xff\xff\xff\xff")
	text := bytes.Clone(whole)
	text[len(text)-13] = 2
	cases := map[string][]byte{"no EXIF": nil, "another segment": []byte("http://ns.adobe.com/xap/1.0/\x00"), "a far directory": far, "another order": []byte("Exif\x00\x00XX\x00*\x00\x00\x00\x08")}
	for i := range len(whole) - 8 {
		cases["cut at "+string(rune('0'+i))] = whole[:i]
	}
	cases["a text"] = text
	for name, exif := range cases {
		data := photo(t, exif)
		p, err := picture.Describe(bytes.NewReader(data), int64(len(data)))
		if err != nil || p.Preview == nil || p.Width != 80 {
			t.Errorf("%s: %v %d x %d", name, err, p.Width, p.Height)
		}
	}
}
