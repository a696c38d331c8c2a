//! What a picture is, by its bytes, and its thumbnail. Nothing is decoded before its header was looked at.

use std::io::Cursor;
use std::sync::LazyLock;

use image::codecs::jpeg::JpegEncoder;
use image::{
    DynamicImage, ExtendedColorType, GrayImage, ImageDecoder, ImageEncoder, ImageFormat,
    ImageReader, Limits, Luma,
};

use super::Refusal;
use crate::domain::attachment::THUMB_WIDTH;
use crate::store::FileKind;

/// Largest side, in pixels.
const SIDE_MAX: u32 = 16_384;
/// Most pixels: what the cameras of the next years send (24 megapixels) is 72 MB decoded.
const PIXELS_MAX: u64 = 24_000_000;
/// Most bytes that a decoded picture may take.
const DECODED_BYTES_MAX: u64 = 96 << 20;
/// Beyond so many pixels a picture is decoded alone.
const SMALL_PIXELS: u64 = 8_400_000;
/// Quality of thumbnails, of 100.
const THUMB_QUALITY: u8 = 78;

/// What the header of a picture says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub kind: FileKind,
    /// Width and height.
    pub size: (u32, u32),
}

impl Header {
    /// How many of the two places for decoding it takes.
    pub fn places(&self) -> u32 {
        if pixels(self.size) > SMALL_PIXELS { 2 } else { 1 }
    }
}

fn pixels((width, height): (u32, u32)) -> u64 {
    u64::from(width) * u64::from(height)
}

/// The kind, by the first bytes.
fn kind(bytes: &[u8]) -> Option<FileKind> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(FileKind::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(FileKind::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(FileKind::Webp),
        _ => None,
    }
}

fn decoder(bytes: &[u8], kind: FileKind) -> Result<impl ImageDecoder + '_, Refusal> {
    let format = match kind {
        FileKind::Jpeg => ImageFormat::Jpeg,
        FileKind::Png => ImageFormat::Png,
        FileKind::Webp => ImageFormat::WebP,
        FileKind::Json => return Err(Refusal::Kind),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(2 * DECODED_BYTES_MAX);
    reader.limits(limits);
    reader.into_decoder().map_err(|error| match error {
        image::ImageError::Limits(_) => Refusal::Dimensions,
        _ => Refusal::Damaged,
    })
}

/// Looks at the header.
///
/// # Errors
/// [`Refusal`].
pub fn header(bytes: &[u8]) -> Result<Header, Refusal> {
    let kind = kind(bytes).ok_or(Refusal::Kind)?;
    let decoder = decoder(bytes, kind)?;
    let size = decoder.dimensions();
    let is_large = size.0.max(size.1) > SIDE_MAX
        || pixels(size) > PIXELS_MAX
        || decoder.total_bytes() > DECODED_BYTES_MAX;
    if is_large {
        return Err(Refusal::Dimensions);
    }
    if pixels(size) == 0 || (kind == FileKind::Jpeg && !has_end(bytes)) {
        return Err(Refusal::Damaged);
    }
    Ok(Header { kind, size })
}

/// Whether a JPEG's last scan ends: decoders fill up one that is cut off.
fn has_end(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    last(0xd9).is_some_and(|end| last(0xda).is_some_and(|scan| scan < end))
}

/// Decodes a picture whose header was looked at, and draws it small. Blocks, for long on a large one.
///
/// # Errors
/// [`Refusal::Damaged`].
pub fn thumbnail(bytes: &[u8], header: Header) -> Result<Vec<u8>, Refusal> {
    let decoder = decoder(bytes, header.kind)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(|_| Refusal::Damaged)?;
    let (width, height) = header.size;
    let small = if width > THUMB_WIDTH {
        let height = u64::from(height) * u64::from(THUMB_WIDTH) / u64::from(width);
        picture.thumbnail_exact(THUMB_WIDTH, u32::try_from(height.max(1)).unwrap_or(1))
    } else {
        picture
    };
    let small = small.into_rgb8();
    jpeg(small.as_raw(), small.dimensions()).ok_or(Refusal::Damaged)
}

/// RGB pixels as a JPEG.
pub fn jpeg(pixels: &[u8], (width, height): (u32, u32)) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut out, THUMB_QUALITY);
    encoder.write_image(pixels, width, height, ExtendedColorType::Rgb8).ok()?;
    Some(out)
}

/// What is shown in place of a picture that has not come yet: a grey area with three dots. A PNG.
pub fn placeholder() -> &'static [u8] {
    static PNG: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let dot = |x: u32, y: u32| {
            [128_u32, 160, 192].iter().any(|at| x.abs_diff(*at).pow(2) + y.abs_diff(90).pow(2) < 64)
        };
        let shade = |x, y| Luma([if dot(x, y) { 0x99_u8 } else { 0xdd }]);
        let mut out = Cursor::new(Vec::new());
        let drawn = DynamicImage::ImageLuma8(GrayImage::from_fn(THUMB_WIDTH, 180, shade))
            .write_to(&mut out, ImageFormat::Png);
        drawn.map(|()| out.into_inner()).unwrap_or_default()
    });
    &PNG
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn drawn(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    #[test]
    fn each_kind_has_a_thumbnail_of_its_shape() {
        for (format, kind) in [
            (ImageFormat::Jpeg, FileKind::Jpeg),
            (ImageFormat::Png, FileKind::Png),
            (ImageFormat::WebP, FileKind::Webp),
        ] {
            for (size, small) in
                [((640, 480), (320, 240)), ((100, 50), (100, 50)), ((1_000, 2), (320, 1))]
            {
                let bytes = drawn(size.0, size.1, format);
                let found = header(&bytes).unwrap();
                assert_eq!(found, Header { kind, size });
                let thumb = header(&thumbnail(&bytes, found).unwrap()).unwrap();
                assert_eq!(thumb, Header { kind: FileKind::Jpeg, size: small });
            }
        }
        assert_eq!(header(placeholder()).unwrap().kind, FileKind::Png);
    }

    #[test]
    fn what_is_no_picture_or_too_large_is_refused_by_its_header() {
        for text in ["", "<svg xmlns='http://www.w3.org/2000/svg'/>", "<html>", "GIF89a", "BM"] {
            assert_eq!(header(text.as_bytes()), Err(Refusal::Kind), "{text}");
        }
        assert_eq!(header(b"\x89PNG\r\n\x1a\n<svg/>"), Err(Refusal::Damaged));
        for (width, height) in [(65_535_u32, 65_535_u32), (16_385, 1), (6_000, 5_000)] {
            let mut png = drawn(1, 1, ImageFormat::Png);
            png[16..20].copy_from_slice(&width.to_be_bytes());
            png[20..24].copy_from_slice(&height.to_be_bytes());
            let crc = crc32(&png[12..29]);
            png[29..33].copy_from_slice(&crc.to_be_bytes());
            assert_eq!(header(&png), Err(Refusal::Dimensions), "{width} x {height}");
        }
        let jpeg = drawn(64, 64, ImageFormat::Jpeg);
        assert_eq!(header(&jpeg[..jpeg.len() - 2]), Err(Refusal::Damaged));
    }

    /// The CRC of PNG's chunks.
    fn crc32(bytes: &[u8]) -> u32 {
        let step = |crc: u32, byte: &u8| {
            (0..8).fold(crc ^ u32::from(*byte), |c, _| {
                (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg())
            })
        };
        !bytes.iter().fold(u32::MAX, step)
    }

    proptest! {
        #[test]
        fn damage_does_not_panic(
            format in prop::sample::select(vec![ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP]),
            at: prop::sample::Index, value: u8, end: prop::sample::Index,
        ) {
            let mut bytes = drawn(40, 30, format);
            let at = at.index(bytes.len());
            bytes[at] = value;
            bytes.truncate(end.index(bytes.len()) + 1);
            if let Ok(found) = header(&bytes) {
                let _ = thumbnail(&bytes, found);
            }
        }
    }
}
