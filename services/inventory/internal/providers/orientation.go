package providers

import (
	"bytes"
	"encoding/binary"
	"image"
)

// upright returns a picture as the camera saw it, which was held in one of eight ways (Exif 2.3, tag Orientation).
func upright(picture *image.RGBA, orientation int) *image.RGBA {
	w, h := picture.Bounds().Dx(), picture.Bounds().Dy()
	from := map[int]func(x, y int) (int, int){
		2: func(x, y int) (int, int) { return w - 1 - x, y },
		3: func(x, y int) (int, int) { return w - 1 - x, h - 1 - y },
		4: func(x, y int) (int, int) { return x, h - 1 - y },
		5: func(x, y int) (int, int) { return y, x },
		6: func(x, y int) (int, int) { return y, h - 1 - x },
		7: func(x, y int) (int, int) { return w - 1 - y, h - 1 - x },
		8: func(x, y int) (int, int) { return w - 1 - y, x },
	}[orientation]
	if from == nil {
		return picture
	}
	turned := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		turned = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range turned.Bounds().Dy() {
		for x := range turned.Bounds().Dx() {
			turned.SetRGBA(x, y, picture.RGBAAt(from(x, y)))
		}
	}
	return turned
}

// asItIs is the orientation of a picture that needs no turning.
const asItIs = 1

// orientation returns how the camera was held that wrote a JPEG.
func orientation(file []byte) int {
	const startOfScan, app1 = 0xDA, 0xE1
	for at := 2; at+4 <= len(file) && file[at] == 0xFF && file[at+1] != startOfScan; {
		size := int(binary.BigEndian.Uint16(file[at+2:]))
		if size < 2 || at+2+size > len(file) {
			break
		}
		exif, found := bytes.CutPrefix(file[at+4:at+2+size], []byte("Exif\x00\x00"))
		if file[at+1] == app1 && found {
			return orientationIn(exif)
		}
		at += 2 + size
	}
	return asItIs
}

// orientationIn finds the tag in the first directory of Exif data.
func orientationIn(exif []byte) int {
	const header, entry, tag = 8, 12, 0x0112
	if len(exif) < header {
		return asItIs
	}
	order := binary.ByteOrder(binary.BigEndian)
	if exif[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int(order.Uint32(exif[4:]))
	if at < header || at+2 > len(exif) {
		return asItIs
	}
	entries := int(order.Uint16(exif[at:]))
	for at += 2; entries > 0 && at+entry <= len(exif); at, entries = at+entry, entries-1 {
		if order.Uint16(exif[at:]) == tag {
			return int(order.Uint16(exif[at+8:]))
		}
	}
	return asItIs
}
