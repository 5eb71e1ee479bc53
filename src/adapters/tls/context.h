// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "crypto/keys.h"

struct ssl_ctx_st;
struct ssl_st;
struct evp_pkey_st;

namespace birthmark::tls {

/// Judges a client's leaf certificate during the handshake. Returns the owner under which the connection can be cut
/// (0: none). Called on an I/O thread: verifies one signature at most and never blocks.
/// An error or an exception refuses the handshake; what is known of the device *now* is judged on every request, not
/// here.
using PeerVerifier = std::function<Result<std::uint64_t>(BytesView leaf)>;

enum class ClientCertificate : std::uint8_t { never, wanted, required };

/// What becomes of a TLS 1.2 client without the extended master secret (RFC 7627 §5.2): without it a channel binding
/// proves nothing.
enum class ExtendedMasterSecret : std::uint8_t {
  required,   ///< refused at its ClientHello
  unchecked,  ///< let in with no channel binding at all; development only (docs/adr/0003)
};

/// TLS for one listener: 1.2 with extended master secret and 1.3, ECDHE with AEAD only, no renegotiation, no early
/// data, no tickets, no resumption (RFC 7030 §3.3, RFC 7627, RFC 8996, AC-23).
class ServerContext {
 public:
  struct Options {
    std::vector<Bytes> chain;                 ///< DER, leaf first
    const crypto::PrivateKey* key = nullptr;  ///< copied by reference count; need not outlive the context
    ClientCertificate client = ClientCertificate::wanted;
    PeerVerifier verify;
    ExtendedMasterSecret extended_master_secret = ExtendedMasterSecret::required;
  };
  /// @error key_attributes: key and certificate do not fit or cannot be used.
  static Result<std::shared_ptr<ServerContext>> create(Options options);

  ServerContext(ssl_ctx_st* native, PeerVerifier verify, ExtendedMasterSecret extended_master_secret);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;
  [[nodiscard]] ssl_ctx_st* native() const { return native_; }
  [[nodiscard]] const PeerVerifier& verifier() const { return verify_; }
  [[nodiscard]] ExtendedMasterSecret extended_master_secret() const { return extended_master_secret_; }

 private:
  ssl_ctx_st* native_;
  PeerVerifier verify_;
  ExtendedMasterSecret extended_master_secret_;
};

/// TLS for a client: verifies the server against the pinned anchors alone, by name or address (RFC 9525).
class ClientContext {
 public:
  struct Options {
    std::vector<Bytes> anchors;               ///< DER of the pinned roots; never the system's (AC-42)
    std::vector<Bytes> chain;                 ///< DER, leaf first; empty: no client certificate
    const crypto::PrivateKey* key = nullptr;  ///< of the leaf, in memory; copied by reference count
    evp_pkey_st* external_key = nullptr;      ///< of the leaf, in hardware (external_key.h); used if `key` is null
    bool tls12_only = false;                  ///< for tests of the tls-unique binding
    std::optional<Instant> at = {};           ///< when the server's dates are judged; nothing: by the machine's clock
    /// `by_the_caller`: for a client that cannot know the time yet. Path and name are verified; the caller learns the
    /// time from a signed answer and trusts nothing else of such a connection.
    enum class Dates : std::uint8_t { judged, by_the_caller } dates = Dates::judged;
  };
  using Dates = Options::Dates;
  /// @error key_attributes: key and certificate do not fit, or a chain without a key. @error bad_request: an anchor or
  /// a certificate cannot be read.
  static Result<std::shared_ptr<ClientContext>> create(const Options& options);

  explicit ClientContext(ssl_ctx_st* native) : native_{native} {}
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;
  [[nodiscard]] ssl_ctx_st* native() const { return native_; }

 private:
  ssl_ctx_st* native_;
};

/// A new reference to the library's context, for a stream layer that will free it.
ssl_ctx_st* add_reference(ssl_ctx_st* native);

/// Facts of a finished handshake.
struct Established {
  Bytes peer_certificate;   ///< leaf DER; empty: none
  std::uint64_t owner = 0;  ///< as the verifier said
  /// base64: tls-unique (1.2) or EXPORTER-Channel-Binding (1.3, RFC 9266); empty: 1.2 without extended master secret,
  /// where that is `unchecked`
  std::string channel_binding;
};

/// Reads them. @error binding: TLS 1.2 without extended master secret where that is required, or no binding can be
/// computed.
Result<Established> established(ssl_st* ssl,
                                ExtendedMasterSecret extended_master_secret = ExtendedMasterSecret::required);
/// What the verifier said of the client so far, also before the handshake is finished; 0: nothing.
std::uint64_t owner_of(const ssl_st* ssl);

/// With what the verifier refused the client; nothing if it did not.
std::optional<Error> refusal_of(const ssl_st* ssl);

/// Makes a client's handshake fail unless the server's certificate names `host`: a DNS name or an address (RFC 9525).
/// @error bad_request: `host` is neither
Result<void> expect_server(ssl_st* ssl, const std::string& host);
/// Why the server's certificate was refused, in words; empty if it was not.
std::string refusal_words(ssl_st* ssl);

/// The last error of the TLS library on this thread in words, and clears the queue.
std::string last_error();

}  // namespace birthmark::tls
