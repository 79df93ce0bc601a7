using System.Globalization;
using System.Text;
using Pyco.Stack.Transport.Tcp;

namespace Pyco.Cli.Host;

/// <summary>Abstract names where processes meet that have several things in common.</summary>
internal static class HashedName
{
    /// <summary>The same name for the same things. It is not a secret: who has it is to be looked at, and who comes.</summary>
    /// <param name="prefix">What the name begins with.</param>
    /// <param name="parts">What those who meet there have in common.</param>
    public static string Of(string prefix, params ReadOnlySpan<string> parts)
    {
        byte[] octets = Encoding.UTF8.GetBytes(string.Join('\0', parts));
        // SHA-256 would load OpenSSL: 4 MB, and milliseconds.
        return string.Create(CultureInfo.InvariantCulture, $"{prefix}{new SipHash(0, 0).Hash(octets):x16}{new SipHash(0, 1).Hash(octets):x16}");
    }
}
