using System.Globalization;
using System.Text;
using Pyco.Posix;
using Pyco.Stack.Transport.Tcp;
using Pyco.Vde;

namespace Pyco.Cli.Host;

/// <summary>The abstract name of the process that holds a user's hosts on a switch.</summary>
internal static class SharingName
{
    private const string Prefix = "pyco-host-";

    /// <summary>The name for a switch.</summary>
    /// <param name="terms">Under which terms; null shares nothing.</param>
    /// <param name="network">The switch.</param>
    /// <param name="environment">Looks a variable up.</param>
    /// <returns>Null if there is no switch.</returns>
    public static string? Find(LaunchTerms? terms, VnlLocator network, Func<string, string?> environment)
    {
        if (terms is null || !FileStatus.TryGet(network.ControlPath, out FileStatus control))
            return null;
        string[] parts = [terms.Text, network.Path, control.Identity, environment("XDG_RUNTIME_DIR") ?? ""];
        byte[] octets = Encoding.UTF8.GetBytes(string.Join('\n', parts));
        // Not a secret, and who listens there looks at the terms themselves. SHA-256 would load OpenSSL: 4 MB, and milliseconds.
        return string.Create(CultureInfo.InvariantCulture, $"{Prefix}{new SipHash(0, 0).Hash(octets):x16}{new SipHash(0, 1).Hash(octets):x16}");
    }
}
