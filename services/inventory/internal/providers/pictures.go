package providers

import (
	"bytes"
	"encoding/binary"
	"image"
	_ "image/gif" // the formats that staff send
	"image/jpeg"
	_ "image/png"
	"math"
	"sync"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"stoa/pkg/common/errs"
	"stoa/services/inventory/internal/domain"
)

const (
	// longestSide is that of a picture as it is shown, in pixels.
	longestSide = 960
	// maxPixels bounds the memory for a file: 1 MB can say that it has any number of pixels.
	maxPixels = 24_000_000
	// maxSide bounds the memory for making a picture smaller: a file may be one pixel wide, and millions high.
	maxSide = 12_000
	// quality is that of the JPEG, of 100.
	quality = 82
)

// Pictures implements domain.PictureReader. It reads one file at a time: a large one takes half a second and 100 MB, a progressive
// JPEG up to 400 MB.
type Pictures struct{ reading sync.Mutex }

// Read implements domain.PictureReader.
func (p *Pictures) Read(file []byte) (domain.Picture, error) {
	if len(file) > domain.MaxPicture {
		return domain.Picture{}, refused("must have at most 1 MB")
	}
	if isDrawing(file) {
		return readDrawing(file)
	}
	p.reading.Lock()
	defer p.reading.Unlock()
	size, _, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil || size.Width < 1 || size.Height < 1 {
		return domain.Picture{}, refused("must be a JPEG, PNG, GIF, WebP or SVG picture")
	}
	if size.Width > maxPixels/size.Height {
		return domain.Picture{}, refused("must have at most 24 million pixels")
	}
	if max(size.Width, size.Height) > maxSide {
		return domain.Picture{}, refused("must have at most 12,000 pixels on a side")
	}
	if inner, lossless := losslessSize(file); lossless && inner != image.Pt(size.Width, size.Height) {
		return domain.Picture{}, refused("is damaged")
	}
	decoded, format, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return domain.Picture{}, refused("is damaged")
	}
	scaled := fit(decoded)
	if format == "jpeg" {
		scaled = upright(scaled, orientation(file))
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, scaled, &jpeg.Options{Quality: quality}); err != nil {
		return domain.Picture{}, err
	}
	return domain.NewPicture("image/jpeg", out.Bytes()), nil
}

func refused(problem string) error { return errs.InvalidField("image", "%s", problem) }

// losslessSize returns the size of the picture within a lossless WebP. A file may say another one before that, and the decoder compares
// them when it has made all pixels.
func losslessSize(file []byte) (image.Point, bool) {
	const fileHead, chunkHead = 12, 8
	if len(file) < fileHead || string(file[:4]) != "RIFF" || string(file[8:fileHead]) != "WEBP" {
		return image.Point{}, false
	}
	for at := fileHead; at+chunkHead+5 <= len(file); {
		if string(file[at:at+4]) == "VP8L" {
			bits := binary.LittleEndian.Uint32(file[at+chunkHead+1:]) // after a signature of one byte
			return image.Pt(int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1), true
		}
		size := int(binary.LittleEndian.Uint32(file[at+4:]))
		at += chunkHead + size + size%2
	}
	return image.Point{}, false
}

// fit returns a picture on white, made smaller if a side is too long.
func fit(picture image.Image) *image.RGBA {
	size := picture.Bounds().Size()
	scale := min(1, longestSide/float64(max(size.X, size.Y)))
	fitted := image.NewRGBA(image.Rect(0, 0, scaledSide(size.X, scale), scaledSide(size.Y, scale)))
	draw.Draw(fitted, fitted.Bounds(), image.White, image.Point{}, draw.Src)
	// The better way to make it smaller needs memory for each line of the original, so most is done by the simpler one.
	if between := fitted.Bounds().Size().Mul(2); size.X > between.X && size.Y > between.Y {
		smaller := image.NewRGBA(image.Rectangle{Max: between})
		draw.ApproxBiLinear.Scale(smaller, smaller.Bounds(), picture, picture.Bounds(), draw.Src, nil)
		picture = smaller
	}
	draw.CatmullRom.Scale(fitted, fitted.Bounds(), picture, picture.Bounds(), draw.Over, nil)
	return fitted
}

func scaledSide(side int, scale float64) int { return max(1, int(math.Round(float64(side)*scale))) }
