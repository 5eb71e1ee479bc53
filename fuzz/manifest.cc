// SPDX-License-Identifier: Apache-2.0
// Law: a list whose payload is the input, signed by the pinned key, is refused or holds each component once, found by
// its id; a text that nobody signed is always refused.
#include "attest/manifest.h"

#include <cstdlib>

#include "codec/base64.h"
#include "codec/der.h"
#include "codec/jws.h"
#include "codec/oid.h"
#include "codec/x509.h"
#include "crypto/ecdsa_signature.h"

namespace {

using namespace birthmark;

constexpr Octets<20> kKeyId{1, 2, 3};

/// A self-signed certificate of the key, with an identifier.
Bytes certificate_of(const crypto::PrivateKey& key) {
  const auto name = x509::write_name(std::vector{x509::NamePart{oids::common_name, der::tag::utf8_string, "signer"}});
  der::Writer id;
  id.octet_string(kKeyId);
  const auto id_value = std::move(id).finish();
  const std::vector<x509::Extension> extensions{{oids::subject_key_identifier, false, id_value}};
  der::Writer tbs;
  tbs.open(der::tag::sequence).open(der::tag::context_constructed(0)).unsigned_int(2).close().unsigned_int(1);
  tbs.open(der::tag::sequence).oid(oids::ecdsa_with_sha256).close().raw(*name);
  tbs.open(der::tag::sequence).time(Instant{}).time(kNoEnd).close().raw(*name).raw(key.public_key().spki());
  tbs.open(der::tag::context_constructed(3)).raw(x509::write_extensions(extensions)).close().close();
  const auto bytes = std::move(tbs).finish();
  der::Writer out;
  out.open(der::tag::sequence).raw(bytes).open(der::tag::sequence).oid(oids::ecdsa_with_sha256).close();
  out.bit_string(*key.sign(bytes)).close();
  return std::move(out).finish();
}

struct Supplier {
  crypto::PrivateKey key = std::move(*crypto::PrivateKey::generate(crypto::KeyType::p256));
  attest::ManifestSigner pinned =
      std::move(*attest::ManifestSigner::pin(certificate_of(key), "Chips", attest::AnchorClass::simulated));
  std::string header = R"({"alg":"ES256","kid":")" + pinned.key_id + R"(","x5t#S256":")" +
                       base64::encode_url(pinned.thumbprint.get()) + "\"}";
};

void check(const Result<attest::ComponentManifest>& manifest) {
  if (!manifest) {
    return;
  }
  const Bytes* before = nullptr;
  for (const auto& component : manifest->components()) {
    if ((before != nullptr && *before >= component.id) || manifest->find(component.id) != &component) {
      std::abort();
    }
    before = &component.id;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Supplier supplier;
  const auto text = as_text({data, size});
  const Instant now{};
  if (attest::read_chip_manifest(text, supplier.pinned, now) ||
      attest::read_component_list(text, supplier.pinned, now)) {
    std::abort();
  }
  const auto input = jws::signing_input(supplier.header, {data, size});
  const auto raw = crypto::ecdsa_der_to_raw(crypto::KeyType::p256, *supplier.key.sign(as_bytes(input)));
  check(attest::read_component_list(jws::write_compact(input, *raw), supplier.pinned, now));
  for (const auto* const id : {"00", "0123a1b2c3d4e5f601"}) {
    const auto entry = jws::write_flattened(input, *raw, boost::json::object{{"uniqueId", id}});
    check(attest::read_chip_manifest("[" + entry + "]", supplier.pinned, now));
  }
  return 0;
}
