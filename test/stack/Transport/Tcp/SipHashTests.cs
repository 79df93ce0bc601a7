using Pyco.Stack.Transport.Tcp;

namespace Pyco.Stack.Tests.Transport.Tcp;

public class SipHashTests
{
    // The vectors of the SipHash paper, appendix A, and of its reference program: octets 0, 1, 2 … under key 00 … 0f.
    [TestCase(0, 0x726fdb47dd0e0e31UL)]
    [TestCase(1, 0x74f839c593dc67fdUL)]
    [TestCase(8, 0x93f5f5799a932462UL)]
    [TestCase(15, 0xa129ca6149be45e5UL)]
    public void The_published_vectors_come_out(int length, ulong expected)
    {
        byte[] message = [.. Enumerable.Range(0, length).Select(value => (byte)value)];
        SipHash hash = new(0x0706050403020100, 0x0f0e0d0c0b0a0908);
        Assert.That(hash.Hash(message), Is.EqualTo(expected));
    }
}
