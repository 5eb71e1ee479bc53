// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/x509.h>

#include <algorithm>
#include <map>
#include <vector>

#include "codec/der.h"
#include "crypto/openssl.h"
#include "support/made_certificates.h"

namespace birthmark::test {

/// Published paths were signed with keys and hashes that are refused today, which would hide what each of them is
/// about. This gives every key of theirs a P-256 key in its place and signs anew whatever its issuer had signed; all
/// other bytes stay, and a signature that was wrong stays wrong.
class Resigner {
 public:
  /// @param issuer whose key signed it; the certificate as it was published
  Bytes certificate(const Bytes& der, const Bytes& issuer) {
    auto read = parts(der);
    const auto at = read ? algorithm_place(read->tbs) : 0;
    if (at == 0 || read->tbs.size() <= at + 4) {
      return der;
    }
    const auto key = spki_of(issuer);
    const bool good = verifies(der, issuer);
    replace_algorithm(*read, at);
    read->tbs[at + 4] = to_bytes(key_for(read->tbs[at + 4]).public_key().spki());
    return put_together(*read, key_for(key), good);
  }

  /// Each by the first of them that its issuer is named as; what nobody of them issued stays as it is.
  std::vector<Bytes> certificates(const std::vector<Bytes>& published) {
    std::vector<Bytes> out;
    for (const auto& one : published) {
      const auto issuer =
          std::ranges::find_if(published, [&](const Bytes& other) { return names_as_issuer(one, other); });
      out.push_back(issuer == published.end() ? one : certificate(one, *issuer));
    }
    return out;
  }

  Bytes crl(const Bytes& der, const Bytes& issuer) {
    auto read = parts(der);
    if (!read || read->tbs.size() < 2) {
      return der;
    }
    const bool good = verifies_crl(der, issuer);
    replace_algorithm(*read, read->tbs[0].front() == der::tag::integer ? 1 : 0);
    return put_together(*read, key_for(spki_of(issuer)), good);
  }

 private:
  using X509Ptr = crypto::OpensslPtr<X509, X509_free>;
  using X509CrlPtr = crypto::OpensslPtr<X509_CRL, X509_CRL_free>;
  struct Parts {
    std::vector<Bytes> tbs;  ///< its elements
    Bytes algorithm;
  };

  static std::optional<Parts> parts(const Bytes& whole) {
    Parts out;
    auto outer = der::read_one(whole, der::tag::sequence);
    auto tbs = outer ? outer->enter(der::tag::sequence) : Result<der::Reader>{fail(outer.error())};
    const auto algorithm = tbs ? outer->any() : Result<der::Element>{fail(tbs.error())};
    if (!algorithm || !outer->bit_octets() || !outer->finish()) {
      return std::nullopt;
    }
    out.algorithm = to_bytes(algorithm->whole);
    while (!tbs->empty()) {
      const auto one = tbs->any();
      if (!one) {
        return std::nullopt;
      }
      out.tbs.push_back(to_bytes(one->whole));
    }
    return out;
  }

  static std::size_t algorithm_place(const std::vector<Bytes>& tbs) {
    return tbs.empty() ? 0 : tbs[0].front() == der::tag::context_constructed(0) ? 2 : 1;
  }

  static void replace_algorithm(Parts& read, std::size_t at) {
    if (read.tbs[at] == read.algorithm) {
      read.tbs[at] = to_bytes(x509::signature_algorithm_der(x509::SignatureAlgorithm::ecdsa_sha256));
    }
  }

  static Bytes put_together(const Parts& read, const crypto::PrivateKey& signer, bool good) {
    Bytes contents;
    for (const auto& one : read.tbs) {
      append(contents, one);
    }
    auto whole = signed_with(element(der::tag::sequence, contents), signer);
    whole.back() = static_cast<std::uint8_t>(whole.back() ^ (good ? 0 : 1));
    return whole;
  }

  static X509Ptr read_certificate(const Bytes& der) {
    const unsigned char* cursor = der.data();
    return X509Ptr{d2i_X509(nullptr, &cursor, static_cast<long>(der.size()))};
  }

  static bool names_as_issuer(const Bytes& der, const Bytes& issuer) {
    const crypto::KeepErrorQueue quiet;
    const auto below = read_certificate(der), above = read_certificate(issuer);
    return below && above && X509_NAME_cmp(X509_get_issuer_name(below.get()), X509_get_subject_name(above.get())) == 0;
  }

  static bool verifies(const Bytes& der, const Bytes& issuer) {
    const crypto::KeepErrorQueue quiet;
    const auto below = read_certificate(der), above = read_certificate(issuer);
    return below && above && X509_verify(below.get(), X509_get0_pubkey(above.get())) == 1;
  }

  static bool verifies_crl(const Bytes& der, const Bytes& issuer) {
    const crypto::KeepErrorQueue quiet;
    const unsigned char* cursor = der.data();
    const X509CrlPtr below{d2i_X509_CRL(nullptr, &cursor, static_cast<long>(der.size()))};
    const auto above = read_certificate(issuer);
    return below && above && X509_CRL_verify(below.get(), X509_get0_pubkey(above.get())) == 1;
  }

  static Bytes spki_of(const Bytes& certificate) {
    const auto read = parts(certificate);
    const auto at = read ? algorithm_place(read->tbs) : 0;
    return read && read->tbs.size() > at + 4 ? read->tbs[at + 4] : Bytes{};
  }

  const crypto::PrivateKey& key_for(const Bytes& spki) {
    const auto found = keys_.find(spki);
    return found != keys_.end()
               ? found->second
               : keys_.emplace(spki, crypto::PrivateKey::generate(crypto::KeyType::p256).value()).first->second;
  }

  std::map<Bytes, crypto::PrivateKey> keys_;
};

}  // namespace birthmark::test
