using Pyco.Posix;
using Pyco.Vde;

namespace Pyco.Cli.Host;

/// <summary>The abstract name of the process that holds a user's hosts on a switch.</summary>
internal static class SharingName
{
    /// <summary>The name for a switch.</summary>
    /// <param name="terms">Under which terms; null shares nothing.</param>
    /// <param name="network">The switch.</param>
    /// <param name="environment">Looks a variable up.</param>
    /// <returns>Null if there is no switch.</returns>
    public static string? Find(LaunchTerms? terms, VnlLocator network, Func<string, string?> environment)
    {
        if (terms is null || !FileStatus.TryGet(network.ControlPath, out FileStatus control))
            return null;
        return HashedName.Of("pyco-host-", terms.Text, network.Path, control.Identity, environment("XDG_RUNTIME_DIR") ?? "");
    }
}
