;; What kernels.ts calls: loops over pixels, sixteen bytes at a time.
(module
  (memory (export "memory") 1)

  ;; The upper bytes of 16-bit values: count bytes of them, a multiple of 16, from twice as many.
  (func (export "upperBytes") (param $from i32) (param $to i32) (param $count i32)
    (loop $sixteens
      (v128.store (local.get $to)
        (i8x16.shuffle 1 3 5 7 9 11 13 15 17 19 21 23 25 27 29 31
          (v128.load (local.get $from)) (v128.load offset=16 (local.get $from))))
      (local.set $from (i32.add (local.get $from) (i32.const 32)))
      (local.set $to (i32.add (local.get $to) (i32.const 16)))
      (br_if $sixteens (local.tee $count (i32.sub (local.get $count) (i32.const 16))))))

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
