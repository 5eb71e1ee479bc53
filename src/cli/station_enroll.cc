// SPDX-License-Identifier: Apache-2.0
#include "cli/station_enroll.h"

#include <charconv>

#include "codec/base64.h"
#include "codec/pem.h"
#include "codec/pkcs10.h"
#include "codec/x509.h"

namespace birthmark::cli {
namespace {

constexpr std::size_t kFileMax = std::size_t{64} * 1024;

/// The key that an earlier run left, or a new one, durable before anybody certifies it.
Result<crypto::PrivateKey> ensure_key(Files& files, const CredentialFiles& where, bool anew) {
  BM_TRY(const auto passphrase, read_passphrase(files, where.passphrase));
  const auto path = where.directory / (where.name + ".key");
  BM_TRY(const bool there, files.exists(path));
  if (there && !anew) {
    BM_TRY(const auto pem, files.read(path, kFileMax));
    return crypto::PrivateKey::from_encrypted_pem(as_text(pem), passphrase);
  }
  BM_TRY(auto key, crypto::PrivateKey::generate(crypto::KeyType::p256));
  BM_TRY(const auto pem, key.to_encrypted_pem(passphrase));
  BM_CHECK(write_atomically(files, path, as_bytes(pem)));
  return key;
}

/// A request without a name: the server knows the station by the name in the order, nobody else may choose one.
Result<Bytes> certification_request(const crypto::PrivateKey& key) {
  static const Bytes kEmptyName{0x30, 0x00};
  return pkcs10::write_request(kEmptyName, key.public_key().spki(), {}, x509::SignatureAlgorithm::ecdsa_sha256,
                               [&](BytesView info) { return key.sign(info); });
}

struct Answer {
  std::string certificates;  ///< PEM, leaf first
  std::string serial;
  std::string not_after;
};

Result<Answer> read_answer(const boost::json::value& value, const crypto::PublicKey& key) {
  BM_TRY(auto object, json::Object::of(value));
  BM_TRY(const auto leaf, object.base64("certificate", x509::kCertificateMaxBytes));
  BM_TRY(const auto certificate, x509::Certificate::read(leaf));
  if (!equal(certificate.spki(), key.spki())) {
    return fail(Code::bad_evidence, "the server certified another key than this station's", "station.key");
  }
  Answer out{.certificates = pem::write("CERTIFICATE", leaf), .serial = {}, .not_after = {}};
  BM_TRY(const auto* const chain, object.array("chain"));
  for (const auto& item : *chain) {
    if (!item.is_string()) {
      return fail(Code::bad_json, "chain holds base64 texts");
    }
    BM_TRY(const auto der, base64::decode(std::string_view{item.as_string()}, x509::kCertificateMaxBytes));
    out.certificates += pem::write("CERTIFICATE", der);
  }
  BM_TRY(out.serial, object.text("serial"));
  BM_TRY(out.not_after, object.text("not_after"));
  return out;
}

Result<void> store(Files& files, const CredentialFiles& where, const Answer& answer,
                   const std::vector<Bytes>& anchors) {
  std::string roots;
  for (const auto& anchor : anchors) {
    roots += pem::write("CERTIFICATE", anchor);
  }
  BM_CHECK(write_atomically(files, where.service_root, as_bytes(roots), Visibility::everyone));
  return write_atomically(files, where.directory / (where.name + ".pem"), as_bytes(answer.certificates),
                          Visibility::everyone);
}

}  // namespace

std::optional<std::uint16_t> minutes_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at) -> std::optional<unsigned> {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 2, value);
    return error == std::errc{} && end == text.data() + at + 2 ? std::optional{value} : std::nullopt;
  };
  const auto hours = number(0);
  const auto minutes = number(3);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(*hours * 60 + *minutes);
}

Result<boost::json::value> enroll_station(ApiClient& client, Files& files, const StationOrder& order,
                                          const std::vector<Bytes>& anchors) {
  const auto where = order.files.credentials();
  BM_CHECK(files.make_directory(where.directory));
  BM_TRY(const bool certified, files.exists(where.directory / (where.name + ".pem")));
  if (certified && !order.anew) {
    return fail(Code::conflict,
                "station " + where.name + " has a certificate: --anew makes another key and another one");
  }
  BM_TRY(const auto key, ensure_key(files, where, order.anew));
  BM_TRY(const auto csr, certification_request(key));
  boost::json::object body{
      {"station", where.name}, {"role", order.role}, {"batch", order.batch}, {"csr", base64::encode(csr)}};
  if (!order.shift_from.empty()) {
    body["shift_from"] = minutes_of_day(order.shift_from).value_or(0);
    body["shift_to"] = minutes_of_day(order.shift_to).value_or(0);
  }
  BM_TRY(const auto value, client.order("/v1/stations", body));
  BM_TRY(const auto answer, read_answer(value, key.public_key()));
  BM_CHECK(store(files, where, answer, anchors));
  return boost::json::object{{"station", where.name},         {"role", order.role},
                             {"batch", order.batch},          {"serial", answer.serial},
                             {"not_after", answer.not_after}, {"directory", where.directory.string()}};
}

}  // namespace birthmark::cli
