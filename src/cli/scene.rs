//! Pictures of the demonstration's cameras: simple drawn scenes, small.

use crate::service::attachment::jpeg;

/// Width and height.
pub(super) const SIZE: (i32, i32) = (640, 360);

type Colour = [u8; 3];

/// Where things stand on the ground.
const HORIZON: i32 = 170;
/// Ground or floor, and sky or wall, of each place of the site.
const PLACES: [(Colour, Colour); 4] = [
    ([92, 96, 100], [158, 184, 206]),
    ([120, 116, 108], [176, 172, 164]),
    ([168, 150, 128], [222, 216, 206]),
    ([70, 74, 82], [44, 48, 56]),
];
const FRAME: Colour = [64, 224, 128];

/// A canvas of RGB pixels.
struct Canvas(Vec<u8>);

impl Canvas {
    /// A part of a line.
    fn line(&mut self, y: i32, from: i32, to: i32, colour: Colour) {
        let at = |x: i32| usize::try_from((y * SIZE.0 + x.clamp(0, SIZE.0)) * 3).unwrap_or(0);
        if (0..SIZE.1).contains(&y) && from < to {
            for pixel in self.0[at(from)..at(to)].chunks_exact_mut(3) {
                pixel.copy_from_slice(&colour);
            }
        }
    }

    /// A box from `x`, `y`.
    fn block(&mut self, (x, y, width, height): (i32, i32, i32, i32), colour: Colour) {
        (y..y + height).for_each(|y| self.line(y, x, x + width, colour));
    }

    fn disc(&mut self, (x, y): (i32, i32), radius: i32, colour: Colour) {
        for dy in -radius..=radius {
            let half = (radius * radius - dy * dy).isqrt();
            self.line(y + dy, x - half, x + half + 1, colour);
        }
    }

    /// What an analysis would draw around what it found.
    fn frame(&mut self, (x, y, width, height): (i32, i32, i32, i32)) {
        for side in [
            (x, y, width, 2),
            (x, y + height, width + 2, 2),
            (x, y, 2, height),
            (x + width, y, 2, height),
        ] {
            self.block(side, FRAME);
        }
    }
}

/// What a camera of the site, by its place in the list, shows of an event of this type: a JPEG of some
/// 10 KB.
pub(super) fn scene(random: &mut fastrand::Rng, place: usize, name: &str) -> Vec<u8> {
    let (ground, sky) = PLACES[place % PLACES.len()];
    let shade = |colour: Colour, by: i32| {
        colour.map(|part| u8::try_from((i32::from(part) + by).clamp(0, 255)).unwrap_or(0))
    };
    let pixels = usize::try_from(SIZE.0 * SIZE.1 * 3).unwrap_or(0);
    let mut canvas = Canvas(vec![0; pixels]);
    for y in 0..SIZE.1 {
        let lit =
            if y < HORIZON { shade(sky, (HORIZON - y) / 8) } else { shade(ground, y / 16 - 16) };
        canvas.line(y, 0, SIZE.0, lit);
    }
    match place % PLACES.len() {
        0 => canvas.block((0, 120, 640, 50), [104, 92, 80]),
        1 => {
            for door in 0..3 {
                canvas.block((40 + door * 210, 60, 150, 110), [134, 140, 150]);
            }
        }
        2 => canvas.block((420, 40, 140, 130), [190, 214, 226]),
        _ => {
            for rack in 0..5 {
                canvas.block((30 + rack * 120, 40, 90, 200), [28, 30, 34]);
                canvas.disc((50 + rack * 120, 60), 4, [80, 220, 120]);
            }
        }
    }
    let (x, y) = (random.i32(60..400), random.i32(190..250));
    match name {
        "vehicle" | "license_plate" => {
            let paint = [[178, 44, 40], [40, 84, 150], [226, 226, 222], [52, 54, 58]];
            let paint = paint[random.usize(..4)];
            canvas.block((x + 35, y - 32, 110, 36), shade(paint, -20));
            canvas.block((x + 45, y - 26, 90, 26), [188, 210, 222]);
            canvas.block((x, y, 190, 46), paint);
            canvas.disc((x + 42, y + 46), 18, [24, 24, 26]);
            canvas.disc((x + 148, y + 46), 18, [24, 24, 26]);
            canvas.block((x + 2, y + 26, 40, 12), [240, 240, 236]);
            canvas.frame((x - 8, y - 40, 206, 112));
        }
        "person" | "face" | "line_crossing" => {
            let coat = [[60, 92, 70], [120, 64, 60], [66, 70, 110]][random.usize(..3)];
            canvas.block((x - 12, y + 30, 11, 48), [40, 42, 50]);
            canvas.block((x + 3, y + 30, 11, 48), [40, 42, 50]);
            canvas.block((x - 17, y - 26, 36, 60), coat);
            canvas.disc((x, y - 42), 15, [206, 168, 140]);
            canvas.frame((x - 28, y - 66, 58, 150));
        }
        _ => canvas.frame((x, y - 40, random.i32(60..160), 90)),
    }
    let size = (SIZE.0.unsigned_abs(), SIZE.1.unsigned_abs());
    jpeg(&canvas.0, size).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_are_small_pictures() {
        let mut random = fastrand::Rng::with_seed(1);
        for place in 0..4 {
            for name in ["vehicle", "person", "motion"] {
                let picture = scene(&mut random, place, name);
                assert!(picture.starts_with(&[0xff, 0xd8]) && picture.len() < 40_000);
            }
        }
    }
}
