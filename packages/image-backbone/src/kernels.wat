;; What kernels.ts calls: loops over pixels, sixteen bytes at a time.
(module
  (memory (export "memory") 1)

  ;; Rows of a PNG file without their filters, as its standard has them; of 16-bit values the upper bytes alone, which do
  ;; not depend on the lower ones. Up to 31 bytes after the rows are read, and up to 15 after the output are written.
  ;;   from: height rows of 1 + width × step bytes, the filter first; to: height rows of width bytes, after the row above
  ;;   gives whether all filters are known
  (func (export "unfilter")
    (param $from i32) (param $to i32) (param $width i32) (param $height i32) (param $step i32) (result i32)
    (local $at i32) (local $end i32) (local $filter i32) (local $sixteen v128) (local $zero v128) (local $last v128)
    (local $left i32) (local $up i32) (local $corner i32)
    (local $toLeft i32) (local $toUp i32) (local $toCorner i32)
    (loop $rows
      (local.set $filter (i32.load8_u (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (local.set $at (local.get $to))
      (local.set $end (i32.add (local.get $to) (local.get $width)))
      (if (i32.eq (local.get $step) (i32.const 1))
        (then (memory.copy (local.get $to) (local.get $from) (local.get $width)))
        (else
          (local.set $left (local.get $from))
          (loop $sixteens
            (v128.store (local.get $at)
              (i8x16.shuffle 0 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30
                (v128.load (local.get $left)) (v128.load offset=16 (local.get $left))))
            (local.set $left (i32.add (local.get $left) (i32.const 32)))
            (br_if $sixteens
              (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
          (local.set $at (local.get $to))))
      (block $done
        (block $unknown
          (block $paeth
            (block $average
              (block $up
                (block $sub
                  (br_table $done $sub $up $average $paeth $unknown (local.get $filter)))
                ;; The value before it: sums over sixteen, of one, two, four and eight before, and the last of those before them.
                (local.set $last (local.get $zero))
                (loop $sixteens
                  (local.set $sixteen (v128.load (local.get $at)))
                  (local.set $sixteen
                    (i8x16.add (local.get $sixteen)
                      (i8x16.shuffle 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30
                        (local.get $zero) (local.get $sixteen))))
                  (local.set $sixteen
                    (i8x16.add (local.get $sixteen)
                      (i8x16.shuffle 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29
                        (local.get $zero) (local.get $sixteen))))
                  (local.set $sixteen
                    (i8x16.add (local.get $sixteen)
                      (i8x16.shuffle 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27
                        (local.get $zero) (local.get $sixteen))))
                  (local.set $sixteen
                    (i8x16.add (local.get $sixteen)
                      (i8x16.shuffle 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23
                        (local.get $zero) (local.get $sixteen))))
                  (local.set $sixteen (i8x16.add (local.get $sixteen) (local.get $last)))
                  (v128.store (local.get $at) (local.get $sixteen))
                  (local.set $last (i8x16.splat (i8x16.extract_lane_u 15 (local.get $sixteen))))
                  (br_if $sixteens
                    (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
                (br $done))
              ;; The value above it.
              (loop $sixteens
                (v128.store (local.get $at)
                  (i8x16.add (v128.load (local.get $at))
                    (v128.load (i32.sub (local.get $at) (local.get $width)))))
                (br_if $sixteens
                  (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
              (br $done))
            ;; The mean of both, rounded down: x + (left + up) / 2 is (left + (up + 2x)) / 2, of which only left is waited for.
            (local.set $left (i32.const 0))
            (loop $ones
              (local.set $left
                (i32.and (i32.const 255)
                  (i32.shr_u
                    (i32.add (local.get $left)
                      (i32.add
                        (i32.load8_u (i32.sub (local.get $at) (local.get $width)))
                        (i32.shl (i32.load8_u (local.get $at)) (i32.const 1))))
                    (i32.const 1))))
              (i32.store8 (local.get $at) (local.get $left))
              (br_if $ones (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end))))
            (br $done))
          ;; Of the values before it, above it and before that one, the nearest to first + second − third.
          (local.set $left (i32.const 0))
          (local.set $corner (i32.const 0))
          (loop $ones
            (local.set $up (i32.load8_u (i32.sub (local.get $at) (local.get $width))))
            (local.set $toLeft (i32.sub (local.get $up) (local.get $corner)))
            (local.set $toUp (i32.sub (local.get $left) (local.get $corner)))
            (local.set $toCorner (i32.add (local.get $toLeft) (local.get $toUp)))
            (local.set $toLeft
              (select (i32.sub (i32.const 0) (local.get $toLeft)) (local.get $toLeft)
                (i32.lt_s (local.get $toLeft) (i32.const 0))))
            (local.set $toUp
              (select (i32.sub (i32.const 0) (local.get $toUp)) (local.get $toUp)
                (i32.lt_s (local.get $toUp) (i32.const 0))))
            (local.set $toCorner
              (select (i32.sub (i32.const 0) (local.get $toCorner)) (local.get $toCorner)
                (i32.lt_s (local.get $toCorner) (i32.const 0))))
            (local.set $left
              (i32.and (i32.const 255)
                (i32.add (i32.load8_u (local.get $at))
                  (select
                    (local.get $left)
                    (select
                      (local.get $up)
                      (local.get $corner)
                      (i32.le_u (local.get $toUp) (local.get $toCorner)))
                    (i32.and
                      (i32.le_u (local.get $toLeft) (local.get $toUp))
                      (i32.le_u (local.get $toLeft) (local.get $toCorner)))))))
            (i32.store8 (local.get $at) (local.get $left))
            (local.set $corner (local.get $up))
            (br_if $ones (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (local.get $end))))
          (br $done))
        (return (i32.const 0)))
      (local.set $from (i32.add (local.get $from) (i32.mul (local.get $width) (local.get $step))))
      (local.set $to (local.get $end))
      (br_if $rows (local.tee $height (i32.sub (local.get $height) (i32.const 1)))))
    (i32.const 1))

  ;; Resizing along rows, with weights of 22 bits. A weight is 2048 × high + low, both of 16 bits, so that products come
  ;; in pairs, eight at a time; a pixel of the output has eights × 8 weights. Pixels after its last are read, and weigh 0.
  ;;   pixels: height rows of width bytes; out: height rows of pitch bytes, of which toWidth are written
  ;;   first: int32 [toWidth], the first pixel that counts; high, low: int16 [toWidth, 8 × eights]
  (func (export "alongRows")
    (param $pixels i32) (param $width i32) (param $height i32) (param $out i32) (param $pitch i32) (param $toWidth i32)
    (param $first i32) (param $high i32) (param $low i32) (param $eights i32)
    (local $x i32) (local $from i32) (local $to i32) (local $weight i32) (local $left i32)
    (local $eight v128) (local $highs v128) (local $lows v128)
    (loop $rows
      (local.set $x (i32.const 0))
      (local.set $weight (i32.const 0))
      (local.set $to (local.get $out))
      (loop $columns
        (local.set $from
          (i32.add (local.get $pixels) (i32.load (i32.add (local.get $first) (i32.shl (local.get $x) (i32.const 2))))))
        (local.set $highs (v128.const i32x4 0 0 0 0))
        ;; A half, for rounding.
        (local.set $lows (v128.const i32x4 0x200000 0 0 0))
        (local.set $left (local.get $eights))
        (loop $taps
          (local.set $eight (v128.load8x8_u (local.get $from)))
          (local.set $highs
            (i32x4.add (local.get $highs)
              (i32x4.dot_i16x8_s (local.get $eight) (v128.load (i32.add (local.get $high) (local.get $weight))))))
          (local.set $lows
            (i32x4.add (local.get $lows)
              (i32x4.dot_i16x8_s (local.get $eight) (v128.load (i32.add (local.get $low) (local.get $weight))))))
          (local.set $weight (i32.add (local.get $weight) (i32.const 16)))
          (local.set $from (i32.add (local.get $from) (i32.const 8)))
          (br_if $taps (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (local.set $lows (i32x4.add (i32x4.shl (local.get $highs) (i32.const 11)) (local.get $lows)))
        (local.set $lows
          (i32x4.add (local.get $lows)
            (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $lows) (local.get $lows))))
        (local.set $lows
          (i32x4.add (local.get $lows)
            (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $lows) (local.get $lows))))
        (local.set $lows (i32x4.shr_s (local.get $lows) (i32.const 22)))
        (local.set $lows (i16x8.narrow_i32x4_s (local.get $lows) (local.get $lows)))
        (v128.store8_lane 0 (local.get $to) (i8x16.narrow_i16x8_u (local.get $lows) (local.get $lows)))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (br_if $columns
          (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 1))) (local.get $toWidth))))
      (local.set $pixels (i32.add (local.get $pixels) (local.get $width)))
      (local.set $out (i32.add (local.get $out) (local.get $pitch)))
      (br_if $rows (local.tee $height (i32.sub (local.get $height) (i32.const 1))))))

  ;; Resizing along columns, four pixels at a time.
  ;;   rows: rows of pitch bytes, a multiple of four; out: toHeight rows of pitch bytes
  ;;   first: int32 [toHeight]; weights: int32 [toHeight, count]
  (func (export "alongColumns")
    (param $rows i32) (param $pitch i32) (param $out i32) (param $toHeight i32)
    (param $first i32) (param $weights i32) (param $count i32)
    (local $x i32) (local $from i32) (local $weight i32) (local $left i32) (local $sum v128)
    (loop $lines
      (local.set $x (i32.const 0))
      (loop $fours
        (local.set $from
          (i32.add (i32.add (local.get $rows) (local.get $x))
            (i32.mul (i32.load (local.get $first)) (local.get $pitch))))
        (local.set $weight (local.get $weights))
        (local.set $left (local.get $count))
        (local.set $sum (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
        (loop $taps
          (local.set $sum
            (i32x4.add (local.get $sum)
              (i32x4.mul
                (v128.load32_splat (local.get $weight))
                (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $from)))))))
          (local.set $weight (i32.add (local.get $weight) (i32.const 4)))
          (local.set $from (i32.add (local.get $from) (local.get $pitch)))
          (br_if $taps (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (local.set $sum (i32x4.shr_s (local.get $sum) (i32.const 22)))
        (local.set $sum (i16x8.narrow_i32x4_s (local.get $sum) (local.get $sum)))
        (v128.store32_lane 0 (i32.add (local.get $out) (local.get $x))
          (i8x16.narrow_i16x8_u (local.get $sum) (local.get $sum)))
        (br_if $fours
          (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 4))) (local.get $pitch))))
      (local.set $first (i32.add (local.get $first) (i32.const 4)))
      (local.set $weights (i32.add (local.get $weights) (i32.shl (local.get $count) (i32.const 2))))
      (local.set $out (i32.add (local.get $out) (local.get $pitch)))
      (br_if $lines (local.tee $toHeight (i32.sub (local.get $toHeight) (i32.const 1)))))))
