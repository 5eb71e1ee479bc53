// SPDX-License-Identifier: Apache-2.0
#include "crypto/pkcs8.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "codec/der.h"
#include "codec/oid.h"

namespace birthmark::crypto {
namespace {

constexpr std::size_t kPemMaxBytes = 16 * 1024;
constexpr std::size_t kPassphraseMaxBytes = 1024;
constexpr std::uint64_t kScryptN = 1 << 14;
constexpr std::uint64_t kScryptR = 8;
constexpr std::uint64_t kScryptP = 1;
constexpr int kSaltBytes = 16;
constexpr std::size_t kSaltMinBytes = 8;
constexpr std::uint64_t kAesKeyBytes = 32;
constexpr std::size_t kAesBlockBytes = 16;

constexpr auto kPbes2 = oid<1, 2, 840, 113549, 1, 5, 13>;
constexpr auto kScrypt = oid<1, 3, 6, 1, 4, 1, 11591, 4, 11>;
constexpr auto kAes256Cbc = oid<2, 16, 840, 1, 101, 3, 4, 1, 42>;

using BioPtr = OpensslPtr<BIO, BIO_free_all>;

tl::unexpected<Error> unreadable(const char* what) {
  return fail(Code::key_attributes, std::string{"key file: "} + what);
}

/// Memory of the library that is wiped when it is given back.
class LibraryBytes {
 public:
  LibraryBytes() = default;
  LibraryBytes(const LibraryBytes&) = delete;
  LibraryBytes& operator=(const LibraryBytes&) = delete;
  ~LibraryBytes() { OPENSSL_clear_free(data, size < 0 ? 0 : static_cast<std::size_t>(size)); }
  [[nodiscard]] BytesView view() const { return {data, static_cast<std::size_t>(size)}; }

  unsigned char* data = nullptr;
  long size = 0;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  return first == std::string_view::npos ? std::string_view{}
                                         : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// The contents of the only PEM block of `pem`, which must have this label and no headers.
Result<void> read_pem(std::string_view pem, const std::string& label, LibraryBytes& out) {
  const auto text = trimmed(pem.substr(0, kPemMaxBytes + 1));
  const std::string begin = "-----BEGIN " + label + "-----", end = "-----END " + label + "-----";
  if (pem.size() > kPemMaxBytes || !text.starts_with(begin) || text.find(end) != text.size() - end.size() ||
      text.size() < begin.size() + end.size()) {
    return unreadable("not one PEM block of the right kind");
  }
  const BioPtr in{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  char* name = nullptr;
  char* header = nullptr;
  const bool good = in && PEM_read_bio(in.get(), &name, &header, &out.data, &out.size) == 1 && name == label &&
                    *header == '\0' && BIO_eof(in.get()) == 1;
  OPENSSL_free(name);
  OPENSSL_free(header);
  if (!good) {
    return unreadable("not PEM");
  }
  return {};
}

Result<void> check_scrypt(der::Reader kdf) {
  BM_TRY(const auto id, kdf.oid());
  if (!equal(id, kScrypt)) {
    return unreadable("key derivation is not scrypt");
  }
  BM_TRY(auto params, kdf.enter(der::tag::sequence));
  BM_CHECK(kdf.finish());
  BM_TRY(const auto salt, params.expect(der::tag::octet_string));
  BM_TRY(const auto n, params.small_unsigned());
  BM_TRY(const auto r, params.small_unsigned());
  BM_TRY(const auto p, params.small_unsigned());
  if (!params.empty()) {
    BM_TRY(const auto key_bytes, params.small_unsigned());
    if (key_bytes != kAesKeyBytes) {
      return unreadable("key length");
    }
  }
  BM_CHECK(params.finish());
  if (salt.size() < kSaltMinBytes || n != kScryptN || r != kScryptR || p != kScryptP) {
    return unreadable("scrypt with other costs");
  }
  return {};
}

/// RFC 5958 §3, RFC 8018 §6.2, RFC 7914 §7: looked at before any work is done for it.
Result<void> check_encryption(BytesView der) {
  BM_TRY(auto info, der::read_one(der, der::tag::sequence));
  BM_TRY(auto algorithm, info.enter(der::tag::sequence));
  BM_TRY(const auto encrypted, info.expect(der::tag::octet_string));
  BM_CHECK(info.finish());
  BM_TRY(const auto scheme, algorithm.oid());
  if (!equal(scheme, kPbes2) || encrypted.empty() || encrypted.size() % kAesBlockBytes != 0) {
    return unreadable("not PBES2");
  }
  BM_TRY(auto pbes2, algorithm.enter(der::tag::sequence));
  BM_CHECK(algorithm.finish());
  BM_TRY(auto kdf, pbes2.enter(der::tag::sequence));
  BM_TRY(auto cipher, pbes2.enter(der::tag::sequence));
  BM_CHECK(pbes2.finish());
  BM_CHECK(check_scrypt(kdf));
  BM_TRY(const auto cipher_id, cipher.oid());
  BM_TRY(const auto iv, cipher.expect(der::tag::octet_string));
  BM_CHECK(cipher.finish());
  if (!equal(cipher_id, kAes256Cbc) || iv.size() != kAesBlockBytes) {
    return unreadable("cipher is not AES-256-CBC");
  }
  return {};
}

Result<EvpPkeyPtr> to_key(const PKCS8_PRIV_KEY_INFO* info) {
  EvpPkeyPtr key{info == nullptr ? nullptr : EVP_PKCS82PKEY(info)};
  if (!key) {
    return unreadable("no private key in it");
  }
  return key;
}

bool usable(const Secret& passphrase) {
  return !passphrase.empty() && passphrase.reveal().size() <= kPassphraseMaxBytes;
}

Result<std::string> text_of(const BioPtr& out, bool written) {
  char* data = nullptr;
  const long size = written ? BIO_get_mem_data(out.get(), &data) : 0;
  if (size <= 0 || data == nullptr) {
    return fail(Code::unavailable, "the library cannot write a key");
  }
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

Result<EvpPkeyPtr> read_encrypted_pkcs8(std::string_view pem, const Secret& passphrase) {
  const KeepErrorQueue quiet;
  if (!usable(passphrase)) {
    return unreadable("passphrase is empty or longer than 1024 bytes");
  }
  LibraryBytes der;
  BM_CHECK(read_pem(pem, PEM_STRING_PKCS8, der));
  if (const auto form = check_encryption(der.view()); !form) {
    return fail(Code::key_attributes, form.error().detail);
  }
  const unsigned char* cursor = der.data;
  const X509SigPtr encrypted{d2i_X509_SIG(nullptr, &cursor, der.size)};
  if (!encrypted || cursor != der.data + der.size) {
    return unreadable("not an encrypted key");
  }
  const auto text = as_text(passphrase.reveal());
  const Pkcs8InfoPtr info{PKCS8_decrypt(encrypted.get(), text.data(), static_cast<int>(text.size()))};
  if (!info) {
    return unreadable("wrong passphrase");
  }
  return to_key(info.get());
}

Result<std::string> write_encrypted_pkcs8(EVP_PKEY* key, const Secret& passphrase) {
  const KeepErrorQueue quiet;
  if (!usable(passphrase)) {
    return unreadable("passphrase is empty or longer than 1024 bytes");
  }
  const auto text = as_text(passphrase.reveal());
  const EvpCipherPtr cipher{EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)};
  const Pkcs8InfoPtr info{EVP_PKEY2PKCS8(key)};
  // A null salt and IV make the library draw them.
  X509AlgorPtr algorithm{
      cipher ? PKCS5_pbe2_set_scrypt(cipher.get(), nullptr, kSaltBytes, nullptr, kScryptN, kScryptR, kScryptP)
             : nullptr};
  if (!info || !algorithm) {
    return fail(Code::unavailable, "the library cannot encrypt a key");
  }
  X509SigPtr encrypted{PKCS8_set0_pbe(text.data(), static_cast<int>(text.size()), info.get(), algorithm.get())};
  if (!encrypted) {
    return fail(Code::unavailable, "the library cannot encrypt a key");
  }
  static_cast<void>(algorithm.release());  // now part of `encrypted`
  const BioPtr out{BIO_new(BIO_s_mem())};
  return text_of(out, out && PEM_write_bio_PKCS8(out.get(), encrypted.get()) == 1);
}

Result<EvpPkeyPtr> read_plain_pkcs8(std::string_view pem) {
  const KeepErrorQueue quiet;
  LibraryBytes der;
  BM_CHECK(read_pem(pem, PEM_STRING_PKCS8INF, der));
  const unsigned char* cursor = der.data;
  const Pkcs8InfoPtr info{d2i_PKCS8_PRIV_KEY_INFO(nullptr, &cursor, der.size)};
  if (!info || cursor != der.data + der.size) {
    return unreadable("not PKCS#8");
  }
  return to_key(info.get());
}

Result<std::string> write_plain_pkcs8(EVP_PKEY* key) {
  const KeepErrorQueue quiet;
  const Pkcs8InfoPtr info{EVP_PKEY2PKCS8(key)};
  const BioPtr out{BIO_new(BIO_s_mem())};
  return text_of(out, out && info && PEM_write_bio_PKCS8_PRIV_KEY_INFO(out.get(), info.get()) == 1);
}

}  // namespace birthmark::crypto
