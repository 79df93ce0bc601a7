using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Pyco.Vde;

/// <summary>
/// A virtual network locator, which names the network to plug into. Only switches (<c>vde://</c>) are understood so far;
/// a bare path is one too, as in libvdeplug.
/// </summary>
/// <param name="Path">A switch's control directory, or a control socket itself.</param>
/// <param name="Port">The wanted port of the switch, or 0 for any.</param>
public sealed record VnlLocator(string Path, int Port = 0)
{
    private const string Scheme = "vde://";

    /// <summary>The request has 24 bits for it, and no switch has more ports than this.</summary>
    private const int MaximumPort = 65535;

    /// <summary>The environment variable with the network that is meant when none is named.</summary>
    public const string EnvironmentVariable = "VDE_SWITCH";

    /// <summary>
    /// Reads <c>/path</c>, <c>vde:///path</c>, and either with a port behind it: <c>/path[3]</c> as VDE writes it, or
    /// <c>/path:3</c>.
    /// </summary>
    /// <param name="text">What the user gave.</param>
    /// <param name="locator">The locator, if the result is true.</param>
    /// <param name="error">Why not, in words for the user, if the result is false.</param>
    public static bool TryParse(
        string text,
        [NotNullWhen(true)] out VnlLocator? locator,
        [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        locator = null;
        string path = text;
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0)
        {
            if (!text.StartsWith(Scheme, StringComparison.Ordinal))
            {
                error = $"'{text[..scheme]}://' networks are not supported: give a switch's directory or vde://PATH";
                return false;
            }
            path = text[Scheme.Length..];
        }
        if (!TrySplitPort(ref path, out int port))
        {
            error = $"'{text}': the port must be a number from 1 to {MaximumPort}";
            return false;
        }
        if (path.Length == 0)
        {
            error = $"'{text}' names no path";
            return false;
        }
        locator = new VnlLocator(path, port);
        error = null;
        return true;
    }

    /// <summary>The socket to connect to: <c>ctl</c> in the switch's directory, or the path if that is a socket itself.</summary>
    public string ControlPath => Directory.Exists(Path) ? $"{Path.TrimEnd('/')}/ctl" : Path;

    public override string ToString() => Port == 0 ? Path : $"{Path}[{Port}]";

    private static bool TrySplitPort(ref string path, out int port)
    {
        port = 0;
        int start = path.LastIndexOf('[');
        int end = path.Length - 1;
        if (start < 0 || path[^1] != ']')
        {
            start = path.LastIndexOf(':');
            end = path.Length;
            // A colon may be part of a file's name; only digits behind it make it a port.
            if (start < 0 || start == end - 1 || path.AsSpan(start + 1).ContainsAnyExceptInRange('0', '9'))
                return true;
        }
        if (!int.TryParse(path.AsSpan(start + 1, end - start - 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) ||
            port is < 1 or > MaximumPort)
            return false;
        path = path[..start];
        return true;
    }
}
