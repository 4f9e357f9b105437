// Test only: Wine 8 has no bcryptprimitives.dll, whose ProcessPrng Rust's std calls. Lay it beside the program under wine.
//   x86_64-w64-mingw32-gcc -shared -O2 -s bcryptprimitives.c -o bcryptprimitives.dll -ladvapi32
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
  while (size) { // RtlGenRandom takes 32 bits of length
    ULONG n = size > 0x40000000 ? 0x40000000 : (ULONG)size;
    if (!RtlGenRandom(data, n)) return FALSE;
    data += n;
    size -= n;
  }
  return TRUE;
}
