using System.Runtime.InteropServices;
using Pyco.Network.Control;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Network;

/// <summary>A network's control directory: its sockets and its log, for as long as the network runs.</summary>
/// <remarks>
/// A lock on a file in it decides who runs the network. It ends with its process however that ends, so that whoever gets
/// the lock may remove what another has left behind.
/// </remarks>
internal sealed class NetworkFolder : IDisposable
{
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const int Create = 0x40;
    private const int OwnerOnly = 0x180; // 0600

    /// <summary>A plug's, at a high port.</summary>
    /// <summary>Far more than others can begin and end at the same place meanwhile.</summary>
    private const int MostAttempts = 1000;

    private const string LongestSocketName = "/10000.99";

    private readonly bool _isOurs;
    private int _lock;

    private NetworkFolder(string path, bool isOurs, int lockDescriptor)
    {
        Path = path;
        _isOurs = isOurs;
        _lock = lockDescriptor;
    }

    public string Path { get; }

    /// <summary>Where VDE plugs ask for a port.</summary>
    public string PlugSocket => PlugSocketOf(Path);

    /// <summary>Where pyco-run and pyco-net ask.</summary>
    public string ControlSocket => ControlSocketOf(Path);

    /// <summary>Where VDE's own management programs ask.</summary>
    public string ManagementSocket => $"{Path}/mgmt";

    public string Log => LogOf(Path);

    public static string PlugSocketOf(string path) => $"{path}/ctl";

    public static string ControlSocketOf(string path) => $"{path}/pyco";

    public static string LogOf(string path) => $"{path}/log";

    /// <summary>Removes what a network has left behind that was killed.</summary>
    /// <exception cref="IOException">One runs there, or the files are somebody else's.</exception>
    public static void Remove(string path) => Claim(new NetworkOptions { Path = path }).Dispose();

    /// <summary>Makes the folder, or takes it over from a network that has ended without removing it.</summary>
    /// <param name="options">Where, and its sockets' permissions: who may use them must get into the folder.</param>
    /// <exception cref="NetworkRunsException">A network runs there.</exception>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static NetworkFolder Claim(NetworkOptions options)
    {
        string path = options.Path;
        if (!UnixAddress.TryFromPath(path + LongestSocketName, out _))
            throw new IOException($"the path {path} is too long for sockets in it (107 octets with their names): choose a shorter one");
        bool isOurs = false;
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            isOurs |= TryMake(path);
            int descriptor = TryLock(path);
            if (descriptor < 0)
                continue; // the one before us has just removed it
            NetworkFolder folder = new(path, isOurs || IsLeftover(path), descriptor);
            if (IsAlive(folder.PlugSocket))
            {
                // The switch removes its folder when it ends, which it cannot with a file of ours in it.
                _ = Libc.unlink($"{path}/lock");
                _ = Libc.close(descriptor);
                throw new NetworkRunsException($"a switch runs at {path} already, which is not ours: choose another path");
            }
            folder.RemoveFiles();
            if (folder._isOurs)
                folder.Open(options);
            return folder;
        }
        throw new IOException($"cannot make the network's folder {path}: is it a link to a place that is not there?");
    }

    public void Dispose()
    {
        if (_lock < 0)
            return;
        RemoveFiles();
        _ = Libc.unlink($"{Path}/lock");
        if (_isOurs)
            TryRemoveFolder();
        _ = Libc.close(_lock);
        _lock = -1;
    }

    /// <summary>False if it is there; by the system call itself, because the one before us may be about to remove it.</summary>
    private static bool TryMake(string path)
    {
        try
        {
            if (System.IO.Path.GetDirectoryName(System.IO.Path.TrimEndingDirectorySeparator(path)) is { Length: > 0 } parent)
                Directory.CreateDirectory(parent);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"cannot make the network's folder {path}: {failure.Message}");
        }
        if (Libc.mkdir(path, (uint)FolderMode(UnixFileMode.None)) == 0)
            return true;
        return (Errno)Marshal.GetLastPInvokeError() == Errno.EEXIST
            ? false
            : throw new IOException($"cannot make the network's folder {path}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>The folder's permissions: to use a socket in it one must be able to search it.</summary>
    private static UnixFileMode FolderMode(UnixFileMode mode)
    {
        UnixFileMode folder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        if (mode.HasFlag(UnixFileMode.GroupWrite))
            folder |= UnixFileMode.GroupRead | UnixFileMode.GroupExecute;
        if (mode.HasFlag(UnixFileMode.OtherWrite))
            folder |= UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        return folder;
    }

    /// <summary>Lets those in who may use the sockets.</summary>
    private void Open(NetworkOptions options)
    {
        try
        {
            SocketAccess.Grant(Path, options.Group, FolderMode(options.Mode));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Dispose();
            throw new IOException(failure.Message);
        }
    }

    /// <summary>-1 if the file that was locked, or the folder, is no longer there.</summary>
    private static int TryLock(string path)
    {
        string file = $"{path}/lock";
        int descriptor = Processes.open(file, Processes.ReadWrite | Create | Processes.CloseOnExec, OwnerOnly);
        if (descriptor < 0)
        {
            return (Errno)Marshal.GetLastPInvokeError() == Errno.ENOENT
                ? -1
                : throw new IOException($"cannot write in {path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
        if (Processes.flock(descriptor, LockExclusive | LockNonBlocking) != 0)
        {
            _ = Libc.close(descriptor);
            throw new NetworkRunsException($"{NetworkRunsException.MessageStart}{path} already: stop it with pyco-net stop {path}, or choose another path");
        }
        if (FileStatus.IsSameFile(descriptor, file))
            return descriptor;
        _ = Libc.close(descriptor);
        return -1;
    }

    /// <summary>Whether the folder holds nothing but what a network of ours leaves when it is killed.</summary>
    private static bool IsLeftover(string path) =>
        Directory.EnumerateFileSystemEntries(path).All(entry => IsNetworkFile(System.IO.Path.GetFileName(entry)));

    private static bool IsNetworkFile(string name) =>
        name is "ctl" or "pyco" or "mgmt" or "log" or "log.1" or "lock" || IsPortSocket(name);

    /// <summary>003.9 for port 3, as vde_switch names them; .01234-00001 for a plug's own.</summary>
    private static bool IsPortSocket(string name) =>
        name.Length >= 5 && name.All(letter => char.IsAsciiDigit(letter) || letter is '.' or '-');

    /// <summary>Whether somebody listens there.</summary>
    internal static unsafe bool IsAlive(string socket)
    {
        if (!File.Exists(socket) || !UnixAddress.TryFromPath(socket, out UnixAddress address))
            return false;
        int probe = Libc.socket(Constants.AfUnix, Constants.SockStream | Constants.SockCloexec | Constants.SockNonblock, 0);
        bool isAlive = UnixAddress.Connect(probe, address) == 0 || (Errno)Marshal.GetLastPInvokeError() == Errno.EAGAIN;
        _ = Libc.close(probe);
        return isAlive;
    }

    private void RemoveFiles()
    {
        foreach (string entry in Directory.EnumerateFileSystemEntries(Path))
        {
            string name = System.IO.Path.GetFileName(entry);
            if (name != "lock" && IsNetworkFile(name))
                _ = Libc.unlink(entry);
        }
    }

    private void TryRemoveFolder()
    {
        try
        {
            Directory.Delete(Path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // somebody has put something into it
        }
    }
}

/// <summary>There is a network at that place already.</summary>
public sealed class NetworkRunsException : IOException
{
    /// <summary>How the message begins, by which another process knows it, if the network is one of ours.</summary>
    public const string MessageStart = "a network runs at ";

    public NetworkRunsException()
    {
    }

    public NetworkRunsException(string message)
        : base(message)
    {
    }

    public NetworkRunsException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
