// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/x509.h>

#include <atomic>
#include <memory>
#include <string>

#include "adapters/entropy/system_entropy.h"
#include "adapters/files/posix_files.h"
#include "adapters/http/server.h"
#include "agent/device/link_device.h"
#include "agent/device/root_keys.h"
#include "agent/field/field_client.h"
#include "agent/tpm_root.h"
#include "codec/base64.h"
#include "codec/cbor.h"
#include "fleet/software_tpm.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"
#include "support/tls_identity.h"

namespace birthmark::test {

/// A certificate for a public key, made by OpenSSL. @param begins and @param ends in seconds from now.
inline Bytes certify(const crypto::PublicKey& key, const TlsIdentity& issuer, long begins = -3600,
                     long ends = 24L * 3600) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), X509_free};
  const unsigned char* cursor = issuer.certificate.data();
  const std::unique_ptr<X509, decltype(&X509_free)> above{
      d2i_X509(nullptr, &cursor, static_cast<long>(issuer.certificate.size())), X509_free};
  cursor = key.spki().data();
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> half{
      d2i_PUBKEY(nullptr, &cursor, static_cast<long>(key.spki().size())), EVP_PKEY_free};
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 7);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), begins);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), ends);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>("device"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(above.get()));
  X509_set_pubkey(certificate.get(), half.get());
  X509_sign(certificate.get(), crypto::native(issuer.key), EVP_sha256());
  unsigned char* encoded = nullptr;
  const int size = i2d_X509(certificate.get(), &encoded);
  Bytes der{encoded, encoded + size};
  OPENSSL_free(encoded);
  return der;
}

/// A server that a device may take for its registry: it signs time, and counts everything else that it is asked.
struct FakeRegistry {
  explicit FakeRegistry(const TlsIdentity& issuer, const std::string& names = "IP:127.0.0.1")
      : identity{make_identity({.common_name = "server", .alt_names = names}, &issuer)} {
    auto tls = tls::ServerContext::create({.chain = {identity.certificate},
                                           .key = &identity.key,
                                           .client = tls::ClientCertificate::wanted,
                                           .verify = [](BytesView) { return Result<std::uint64_t>{1}; }});
    http::Server::Options options;
    options.tls = tls.value();
    options.handler = [this](const http::Request& request) { return answer(request); };
    server = http::Server::start(std::move(options)).value();
  }

  http::Response answer(const http::Request& request) {
    if (request.path != "/v1/time") {
      ++other_requests;
      last_path = request.path;
      client_certificate_seen = !request.peer->certificate.empty();
      return {.status = 503, .headers = {}, .body = R"({"code":"unavailable","detail":"later"})", .close = false};
    }
    const auto nonce = stale_nonce ? Bytes(32, 9) : from_hex(request.query.substr(6)).value_or(Bytes{});
    cbor::Writer message;
    message.array(3).text("birthmark/time/v1").bytes(nonce).unsigned_int(static_cast<std::uint64_t>(to_ms(says)));
    const auto signature = statements->sign(message.finish()).value();
    return {.status = 200,
            .headers = {{"Content-Type", "application/json"}},
            .body = json::write(boost::json::object{{"ms", to_ms(says)}, {"signature", base64::encode(signature)}}),
            .close = false};
  }

  TlsIdentity identity;
  Instant says{std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())};
  bool stale_nonce = false;
  const crypto::PrivateKey* statements = nullptr;
  std::atomic<int> other_requests{0};
  std::string last_path;
  bool client_certificate_seen = false;
  std::unique_ptr<http::Server> server;
};

/// A device on a software TPM with a birth that names a registry of the test's.
class AgentDevice {
 public:
  AgentDevice() {
    tpm = fleet::SoftwareTpm::start(directory / "tpm").value();
    EXPECT_TRUE(tpm->manufacture(vendor, {}, vendor_time()));
    reopen();
  }

  /// Power off and on, as far as the device's own memory is concerned.
  void reopen(Files* through = nullptr) {
    client.reset();
    root.reset();
    Files& files = through != nullptr ? *through : posix;
    state = agent::DeviceState::open(files, state_directory()).value();
    agent::TpmOptions options;
    options.tcti = tpm->tcti();
    options.state_directory = agent::DeviceState::key_directory(state_directory());
    root = agent::open_tpm_root(std::move(options), files).value();
    client = std::make_unique<agent::FieldClient>(agent::FieldClient::Ports{*root, *state, clock, entropy},
                                                  agent::FieldClient::Settings{});
  }

  [[nodiscard]] link::InstallRequest birth(std::uint16_t port) {
    EXPECT_TRUE(root->create_identity_keys());
    link::InstallRequest out;
    out.idevid = certify(agent::public_key(*root, agent::DeviceKey::idevid).value(), manufacturing);
    out.service_root = service.certificate;
    out.operational_roots = {operational.certificate};
    out.statement_key = to_bytes(statements.public_key().spki());
    out.host = "127.0.0.1";
    out.device_port = port;
    return out;
  }

  /// An LDevID in use, as enrollment would leave it.
  void give_ldevid(long begins = -3600, long ends = 24L * 3600) {
    EXPECT_TRUE(root->create_pending_key());
    const auto key = agent::public_key(*root, agent::DeviceKey::pending).value();
    EXPECT_TRUE(state->stage({certify(key, operational, begins, ends), {}}));
    EXPECT_TRUE(root->adopt_pending_key());
    EXPECT_TRUE(state->promote());
  }

  [[nodiscard]] std::filesystem::path state_directory() const { return directory / "state"; }
  static Instant vendor_time() { return *from_rfc3339("2026-11-23T10:00:00Z"); }

  TempDir directory;
  PosixFiles posix;
  fleet::SiliconVendor vendor = fleet::SiliconVendor::create(vendor_time()).value();
  std::unique_ptr<fleet::SoftwareTpm> tpm;
  TlsIdentity service = make_identity({.common_name = "service root", .alt_names = {}, .ca = true});
  TlsIdentity operational = make_identity({.common_name = "operational root", .alt_names = {}, .ca = true});
  TlsIdentity manufacturing = make_identity({.common_name = "batch", .alt_names = {}, .ca = true});
  crypto::PrivateKey statements = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  ManualClock clock{from_ms(0)};  ///< the machine's calendar stands at 1970
  SystemEntropy entropy;
  std::unique_ptr<agent::DeviceState> state;
  std::unique_ptr<agent::HardwareRoot> root;
  std::unique_ptr<agent::FieldClient> client;
};

}  // namespace birthmark::test
