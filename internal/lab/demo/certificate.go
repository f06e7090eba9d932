package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	certificateFile = "lan.crt"
	certificateKey  = "lan.key"
	certificateLife = 397 * 24 * time.Hour // the longest that browsers accept
	certificateRest = 30 * 24 * time.Hour  // with less left it is made anew
)

// Certificate gives the installation's own certificate for the local network from the data folder. It is
// made when there is none, when it ends soon, and when the machine has got an address that it does not name.
func Certificate(data string, addresses []net.IP, now time.Time) (tls.Certificate, error) {
	crt, key := filepath.Join(data, certificateFile), filepath.Join(data, certificateKey)
	c, err := tls.LoadX509KeyPair(crt, key)
	if err == nil && serves(c.Leaf, addresses, now) {
		return c, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return tls.Certificate{}, err
	}
	if err := makeCertificate(crt, key, addresses, now); err != nil {
		return tls.Certificate{}, err
	}
	return tls.LoadX509KeyPair(crt, key)
}

func serves(c *x509.Certificate, addresses []net.IP, now time.Time) bool {
	if now.Add(certificateRest).After(c.NotAfter) {
		return false
	}
	for _, a := range addresses {
		if c.VerifyHostname(a.String()) != nil {
			return false
		}
	}
	return true
}

func makeCertificate(crt, key string, addresses []net.IP, now time.Time) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return err
	}
	form := x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "lojal on the local network"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: append([]net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, addresses...),
	}
	if host, err := os.Hostname(); err == nil && host != "" {
		form.DNSNames = append(form.DNSNames, host)
	}
	der, err := x509.CreateCertificate(rand.Reader, &form, &form, &private.PublicKey, private)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(crt, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

// LocalAddresses gives the machine's addresses on its local networks, IPv4 first: that is what people type.
func LocalAddresses() ([]net.IP, error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var four, six []net.IP
	for _, a := range list {
		n, ok := a.(*net.IPNet)
		if !ok || !n.IP.IsGlobalUnicast() {
			continue
		}
		if v4 := n.IP.To4(); v4 != nil {
			four = append(four, v4)
			continue
		}
		six = append(six, n.IP)
	}
	return append(four, six...), nil
}
