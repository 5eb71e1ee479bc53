// SPDX-License-Identifier: Apache-2.0

import java.io.FileReader;
import java.io.FileWriter;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.est.ESTService;
import org.bouncycastle.est.jcajce.JcaJceUtils;
import org.bouncycastle.est.jcajce.JsseESTServiceBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.bouncycastle.util.Store;

/**
 * Bouncy Castle's EST client as a device uses it.
 *
 * <pre>
 *   EstClient cacerts HOST:PORT ROOT.pem OUT.pem
 *   EstClient simpleenroll HOST:PORT ROOT.pem OUT.pem DEVICE.pem DEVICE.key OUT.key
 * </pre>
 *
 * The key of the new certificate is made here. Exit code 0, or 1 with what the library said.
 */
public final class EstClient {
  private static X509Certificate certificate(String file) throws Exception {
    try (var in = Files.newInputStream(Path.of(file))) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  private static PrivateKey key(String file) throws Exception {
    try (Reader in = new FileReader(file); PEMParser parser = new PEMParser(in)) {
      return new JcaPEMKeyConverter().getPrivateKey((PrivateKeyInfo) parser.readObject());
    }
  }

  private static void write(String file, Iterable<?> objects) throws Exception {
    try (Writer out = new FileWriter(file); JcaPEMWriter pem = new JcaPEMWriter(out)) {
      for (Object object : objects) {
        pem.writeObject(object);
      }
    }
  }

  /** Believes the given root alone, and only under the server's own name. */
  private static JsseESTServiceBuilder service(String server, String root) throws Exception {
    var anchors = Set.of(new TrustAnchor(certificate(root), null));
    return new JsseESTServiceBuilder(server, JcaJceUtils.getCertPathTrustManager(anchors, null));
  }

  private static void cacerts(String server, String root, String out) throws Exception {
    var answer = service(server, root).build().getCACerts();
    write(out, answer.getCertificateStore().getMatches(null));
  }

  private static void simpleenroll(String server, String root, String out, String deviceCertificate, String deviceKey,
      String outKey) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry("device", key(deviceKey), new char[0], new Certificate[] {certificate(deviceCertificate)});
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, new char[0]);

    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    KeyPair pair = generator.generateKeyPair();
    PKCS10CertificationRequest request =
        new JcaPKCS10CertificationRequestBuilder(new X500Name(new RDN[0]), pair.getPublic())
            .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate()));

    ESTService est = service(server, root).withKeyManagers(keys.getKeyManagers()).build();
    var answer = est.simpleEnroll(false, request, null);
    if (!answer.isCompleted()) {
      throw new IllegalStateException("the server asks to come again");
    }
    Store<X509CertificateHolder> issued = answer.getStore();
    write(out, issued.getMatches(null));
    write(outKey, Set.of(new JcaPKCS8Generator(pair.getPrivate(), null)));
  }

  public static void main(String[] args) {
    Security.addProvider(new BouncyCastleProvider());  // its own certificate paths ask for it by name
    try {
      switch (args[0]) {
        case "cacerts" -> cacerts(args[1], args[2], args[3]);
        case "simpleenroll" -> simpleenroll(args[1], args[2], args[3], args[4], args[5], args[6]);
        default -> throw new IllegalArgumentException(args[0]);
      }
    } catch (Exception e) {
      e.printStackTrace();
      System.exit(1);
    }
  }
}
