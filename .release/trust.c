// Test only: puts a CA certificate (a PEM file) into the user's store of roots, as Windows' own certmgr does.
//   x86_64-w64-mingw32-gcc -O2 -s trust.c -o trust.exe -lcrypt32
#include <stdio.h>
#include <windows.h>
#include <wincrypt.h>

int main(int count, char **words) {
  char pem[8192];
  BYTE der[8192];
  DWORD size = sizeof der;
  FILE *file = count == 2 ? fopen(words[1], "rb") : NULL;
  if (!file) return 1;
  DWORD length = (DWORD)fread(pem, 1, sizeof pem, file);
  fclose(file);
  if (!CryptStringToBinaryA(pem, length, CRYPT_STRING_BASE64HEADER, der, &size, NULL, NULL)) return 2;
  HCERTSTORE store = CertOpenSystemStoreA(0, "ROOT");
  if (!store) return 3;
  if (!CertAddEncodedCertificateToStore(store, X509_ASN_ENCODING, der, size, CERT_STORE_ADD_REPLACE_EXISTING, NULL)) return 4;
  return CertCloseStore(store, 0) ? 0 : 5;
}
