using System.Globalization;
using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Vde;

/// <summary>The datagram socket that carries the frames, until it is connected to the switch's.</summary>
internal sealed class DataSocket : IDisposable
{
    /// <summary>Names left behind by killed programs with the same pid are stepped over, this many at most.</summary>
    private const int NameAttempts = 64;

    private static int Counter;

    private readonly string _path;
    private int _descriptor;

    private DataSocket(int descriptor, string path, in UnixAddress address)
    {
        _descriptor = descriptor;
        _path = path;
        Address = address;
    }

    /// <summary>Its own name, which the switch sends to.</summary>
    public UnixAddress Address { get; }

    /// <summary>Makes the socket and gives it a name that the switch's user can send to.</summary>
    /// <param name="switchPath">The switch's directory, which is the first choice for the name.</param>
    /// <param name="switchUser">The user the switch runs as.</param>
    /// <exception cref="VdeException">No folder takes it.</exception>
    public static DataSocket Open(string switchPath, uint switchUser)
    {
        int descriptor = Libc.socket(
            Constants.AfUnix, Constants.SockDgram | Constants.SockCloexec | Constants.SockNonblock, 0);
        if (descriptor < 0)
            throw LocalFailure("make a socket");
        VdeException? failure = null;
        foreach (string prefix in Prefixes(switchPath))
        {
            if (TryBind(descriptor, prefix, out string path, out UnixAddress address))
            {
                // The switch checks that it may write to the name, and only root may without being asked. A connected
                // socket takes datagrams from its peer alone, so the wide mode matters for these few milliseconds only.
                _ = Libc.chmod(path, switchUser == Libc.geteuid() || switchUser == 0 ? 0x180u /* 0600 */ : 0x1b6u /* 0666 */);
                return new DataSocket(descriptor, path, address);
            }
            failure = LocalFailure($"make a socket in {Path.GetDirectoryName(prefix)}");
        }
        _ = Libc.close(descriptor);
        throw failure!;
    }

    /// <summary>Connects to the switch's socket and takes the own name away again, which only the handshake needs.</summary>
    public void Connect(in UnixAddress peer, VnlLocator locator)
    {
        if (UnixAddress.Connect(_descriptor, peer) != 0)
        {
            throw (Errno)Marshal.GetLastPInvokeError() is Errno.EACCES or Errno.EPERM
                ? new VdeException(
                    VdeFailure.NoPermission,
                    $"no permission to send to the switch at {locator.Path}: start it with a wider mode " +
                    $"(vde_switch -s {locator.Path} -m 666)")
                : LocalFailure($"reach the switch's data socket {peer.Name}");
        }
        _ = Libc.unlink(_path);
    }

    /// <summary>Hands the descriptor over.</summary>
    public int Take()
    {
        int taken = _descriptor;
        _descriptor = -1;
        return taken;
    }

    public void Dispose()
    {
        if (_descriptor < 0)
            return;
        _ = Libc.unlink(_path);
        _ = Libc.close(_descriptor);
        _descriptor = -1;
    }

    internal static VdeException LocalFailure(string what) =>
        new(VdeFailure.Local, $"cannot {what}: {Marshal.GetLastPInvokeErrorMessage()}");

    /// <summary>Where the name may stand: beside the switch's own, else where this user may write.</summary>
    private static IEnumerable<string> Prefixes(string switchPath)
    {
        if (Directory.Exists(switchPath))
            yield return $"{switchPath.TrimEnd('/')}/.";
        if (Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime)
            yield return $"{runtime}/vde.";
        yield return "/run/vde.";
        yield return "/tmp/vde.";
    }

    private static bool TryBind(int descriptor, string prefix, out string path, out UnixAddress address)
    {
        path = "";
        address = default;
        for (int attempt = 0; attempt < NameAttempts; attempt++)
        {
            path = string.Create(CultureInfo.InvariantCulture, $"{prefix}{Libc.getpid():d5}-{Counter++:d5}");
            if (!UnixAddress.TryFromPath(path, out address))
                return false;
            if (UnixAddress.Bind(descriptor, address) == 0)
                return true;
            if ((Errno)Marshal.GetLastPInvokeError() != Errno.EADDRINUSE)
                return false;
        }
        return false;
    }
}
