/** 0 or 1: one type for both databases. */
export type Flag = 0 | 1
/** Milliseconds since 1970. */
export type Millis = number
/** JSON text. */
export type Json = string

export type Role = 'reader' | 'publisher' | 'admin'
export type Visibility = 'public' | 'private'
