package picture

import (
	"bufio"
	"encoding/binary"
	"image"
	"image/color"
	"io"
)

// Limits of the search for the orientation. A segment has at most 64 kB.
const (
	maxSegments = 100
	maxTags     = 200
)

const orientationTag = 0x0112

// orientation returns how a JPEG has to be turned when it is shown: the tag Orientation of
// EXIF 2.3, 4.6.4 A, from 1 (upright) to 8. It is 1 if the picture does not say.
func orientation(r io.Reader) int {
	b := bufio.NewReader(r)
	var head [2]byte
	if _, err := io.ReadFull(b, head[:]); err != nil || head != [2]byte{0xff, 0xd8} {
		return 1
	}
	for range maxSegments {
		var segment [4]byte // marker and length
		if _, err := io.ReadFull(b, segment[:]); err != nil || segment[0] != 0xff || segment[1] == 0xda || segment[1] < 0xc0 {
			return 1 // the picture begins
		}
		length := int(binary.BigEndian.Uint16(segment[2:])) - 2
		if length < 0 {
			return 1
		}
		if segment[1] != 0xe1 {
			if _, err := b.Discard(length); err != nil {
				return 1
			}
			continue
		}
		data := make([]byte, length)
		if _, err := io.ReadFull(b, data); err != nil {
			return 1
		}
		if tiff, ok := cutPrefix(data, "Exif\x00\x00"); ok {
			return tagged(tiff)
		}
	}
	return 1
}

func cutPrefix(data []byte, prefix string) ([]byte, bool) {
	if len(data) < len(prefix) || string(data[:len(prefix)]) != prefix {
		return nil, false
	}
	return data[len(prefix):], true
}

// tagged returns the orientation in the first directory of TIFF data.
func tagged(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(tiff[:4]) {
	case "II*\x00":
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	n := int(order.Uint16(tiff[at:]))
	entries := tiff[at+2:]
	for i := range min(n, maxTags, len(entries)/12) {
		e := entries[12*i:]
		const short = 3
		if order.Uint16(e) != orientationTag || order.Uint16(e[2:]) != short {
			continue
		}
		if o := int(order.Uint16(e[8:])); o >= 1 && o <= 8 {
			return o
		}
		return 1
	}
	return 1
}

// lies reports whether an orientation exchanges width and height.
func lies(orientation int) bool { return orientation >= 5 }

// turned is a picture as its orientation says.
type turned struct {
	image.Image
	orientation int
}

// upright turns a picture.
func upright(m image.Image, orientation int) image.Image {
	if orientation <= 1 {
		return m
	}
	return turned{m, orientation}
}

// Bounds implements image.Image.
func (t turned) Bounds() image.Rectangle {
	b := t.Image.Bounds()
	if lies(t.orientation) {
		return image.Rect(0, 0, b.Dy(), b.Dx())
	}
	return image.Rect(0, 0, b.Dx(), b.Dy())
}

// At implements image.Image. The cases say where the first row and the first column of the
// stored picture are shown.
func (t turned) At(x, y int) color.Color {
	b := t.Image.Bounds()
	right, bottom := b.Dx()-1, b.Dy()-1
	switch t.orientation {
	case 2: // top, right
		x = right - x
	case 3: // bottom, right
		x, y = right-x, bottom-y
	case 4: // bottom, left
		y = bottom - y
	case 5: // left, top
		x, y = y, x
	case 6: // right, top
		x, y = y, bottom-x
	case 7: // right, bottom
		x, y = right-y, bottom-x
	case 8: // left, bottom
		x, y = right-y, x
	}
	return t.Image.At(b.Min.X+x, b.Min.Y+y)
}
