// Macros that stand before a user's first #include of ours: those of Arduino cores, windows.h, the C library and
// CMSIS headers, and those that compilers define with -std=gnu++20. Their values do not matter here.
#pragma once

#define constrain(amt, low, high) ((amt) < (low) ? (low) : ((amt) > (high) ? (high) : (amt)))
#define abs(x) ((x) > 0 ? (x) : -(x))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define round(x) ((x) >= 0 ? (long)((x) + 0.5) : (long)((x) - 0.5))
#define radians(deg) ((deg)*DEG_TO_RAD)
#define degrees(rad) ((rad)*RAD_TO_DEG)
#define sq(x) ((x) * (x))
#define bit(b) (1UL << (b))
#define bitRead(value, bit) (((value) >> (bit)) & 0x01)
#define bitSet(value, bit) ((value) |= (1UL << (bit)))
#define bitClear(value, bit) ((value) &= ~(1UL << (bit)))
#define bitWrite(value, bit, bitvalue) ((bitvalue) ? bitSet(value, bit) : bitClear(value, bit))
#define lowByte(w) ((unsigned char)((w)&0xff))
#define highByte(w) ((unsigned char)((w) >> 8))
#define word(...) makeWord(__VA_ARGS__)
#define interrupts() sei()
#define noInterrupts() cli()
#define F(string_literal) (reinterpret_cast<const char*>(string_literal))
#define _BV(bit) (1 << (bit))
#define PROGMEM
#define PI 3.1415926535897932384626433832795
#define HALF_PI 1.5707963267948966192313216916398
#define TWO_PI 6.283185307179586476925286766559
#define DEG_TO_RAD 0.017453292519943295769236907684886
#define RAD_TO_DEG 57.295779513082320876798154814105
#define EULER 2.718281828459045235360287471352
#define HIGH 0x1
#define LOW 0x0
#define INPUT 0x0
#define OUTPUT 0x1
#define INPUT_PULLUP 0x2
#define LSBFIRST 0
#define MSBFIRST 1
#define CHANGE 1
#define FALLING 2
#define RISING 3
#define DEFAULT 1
#define EXTERNAL 0
#define INTERNAL 3
#define SERIAL 0x0
#define DISPLAY 0x1
#define B0 0
#define B1 1
#define B00 0
#define B01 1
#define B10 2
#define B11 3
#define B1111 15
#define B11111111 255
#define A0 14
#define A7 21
#define D0 0
#define SS 10
#define SCL 19
#define TX 1
#define RX 0

#define minor(device) gnu_dev_minor(device)
#define major(device) gnu_dev_major(device)
#define makedev(major, minor) gnu_dev_makedev(major, minor)
#define complex _Complex
#define I (__extension__ 1.0iF)
#define _U 01
#define _L 02
#define _N 04
#define _S 010
#define _P 020
#define _C 040
#define _X 0100
#define _B 0200
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define EPS 1e-6f
#define EPSILON 1e-6f
#define TRUE 1
#define FALSE 0
#define ERROR 0
#define SUCCESS 1
#define SET 1
#define RESET 0
#define ENABLE 1
#define DISABLE 0
#define NONE 0
#define N 8
#define M 8
#define X 0
#define Y 1
#define T 1

#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define near
#define far
#define interface struct
#define VOID void

#define unix 1
#define linux 1
#define arm 1
#define i386 1
#define mips 1
