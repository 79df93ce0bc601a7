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

    private const uint Everybody = 0x1ff; // 0777, less what the umask takes

    /// <summary>Far more than others can begin and end at the same place meanwhile.</summary>
    private const int MostAttempts = 1000;

    /// <summary>A plug's, at a high port.</summary>
    private const string LongestSocketName = "/10000.99";

    /// <summary>The folders above it that were made for it, the innermost last.</summary>
    private readonly Stack<string> _parents;
    private readonly bool _isOurs;
    private int _lock;

    private NetworkFolder(string path, bool isOurs, Stack<string> parents, int lockDescriptor)
    {
        Path = path;
        _parents = parents;
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
        Stack<string> parents = new();
        bool isMade = false;
        try
        {
            for (int attempt = 0; attempt < MostAttempts; attempt++)
            {
                isMade |= TryMake(path, parents);
                int descriptor = TryLock(path);
                if (descriptor >= 0) // else the one before us has just removed it
                    return Take(options, isMade, parents, descriptor);
            }
            throw FileStatus.TryGetLink(path, out _)
                ? new IOException($"cannot make the network's folder {path}: is it a link to a place that is not there?")
                : CannotMake(path, Errno.ENOENT);
        }
        catch
        {
            if (isMade)
                TryRemove(path);
            RemoveParents(parents);
            throw;
        }
    }

    private static NetworkFolder Take(NetworkOptions options, bool isMade, Stack<string> parents, int lockDescriptor)
    {
        string path = options.Path;
        try
        {
            NetworkFolder folder = new(path, isMade || IsLeftover(path), parents, lockDescriptor);
            if (IsAlive(folder.PlugSocket))
                throw new NetworkRunsException($"a switch runs at {path} already, which is not ours: choose another path");
            folder.RemoveFiles();
            if (folder._isOurs)
                SocketAccess.Grant(path, options.Group, FolderMode(options.Mode)); // who may use the sockets gets in
            return folder;
        }
        catch
        {
            // A switch removes its folder when it ends, which it cannot with a file of ours in it.
            _ = Libc.unlink($"{path}/lock");
            _ = Libc.close(lockDescriptor);
            throw;
        }
    }

    public void Dispose()
    {
        if (_lock < 0)
            return;
        RemoveFiles();
        _ = Libc.unlink($"{Path}/lock");
        // What others have put into it keeps it, and the folders above it.
        if (_isOurs && TryRemove(Path))
            RemoveParents(_parents);
        _ = Libc.close(_lock);
        _lock = -1;
    }

    /// <summary>Makes it, and the folders above it that are missing, which are noted.</summary>
    /// <returns>False if it is there, or has just gone; by the system call itself, because the one before us may be about to remove it.</returns>
    private static bool TryMake(string path, Stack<string> parents)
    {
        if (Libc.mkdir(path, (uint)FolderMode(UnixFileMode.None)) == 0)
            return true;
        Errno error = LastError;
        if (error == Errno.ENOENT && ParentOf(path) is { } parent)
        {
            error = MakeParent(parent, parents);
            if (error == Errno.None && Libc.mkdir(path, (uint)FolderMode(UnixFileMode.None)) == 0)
                return true;
        }
        return error is Errno.None or Errno.EEXIST or Errno.ENOENT ? false : throw CannotMake(path, error);
    }

    /// <summary>Makes a folder that is missing, and those above it.</summary>
    private static Errno MakeParent(string path, Stack<string> made)
    {
        for (int attempt = 0; attempt < 2; attempt++)
        {
            if (Libc.mkdir(path, Everybody) == 0)
            {
                made.Push(path);
                return Errno.None;
            }
            Errno error = LastError;
            if (error == Errno.EEXIST)
                return Errno.None;
            if (error != Errno.ENOENT || ParentOf(path) is not { } parent)
                return error;
            error = MakeParent(parent, made);
            if (error != Errno.None)
                return error;
        }
        return Errno.ENOENT;
    }

    private static Errno LastError => (Errno)Marshal.GetLastPInvokeError();

    private static string? ParentOf(string path) =>
        System.IO.Path.GetDirectoryName(System.IO.Path.TrimEndingDirectorySeparator(path)) is { Length: > 0 } parent ? parent : null;

    /// <summary>Those that nobody else has begun to use.</summary>
    private static void RemoveParents(Stack<string> parents)
    {
        while (parents.TryPop(out string? parent) && TryRemove(parent))
        {
        }
    }

    /// <summary>False if there is something in it.</summary>
    private static bool TryRemove(string folder) => Libc.rmdir(folder) == 0 || LastError == Errno.ENOENT;

    private static IOException CannotMake(string path, Errno error) =>
        new($"cannot make the network's folder {path}: {Marshal.GetPInvokeErrorMessage((int)error)}");

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
        EntriesOf(path).All(entry => IsNetworkFile(System.IO.Path.GetFileName(entry)));

    /// <exception cref="IOException">It may not be read.</exception>
    private static string[] EntriesOf(string path)
    {
        try
        {
            return Directory.GetFileSystemEntries(path);
        }
        catch (DirectoryNotFoundException)
        {
            return []; // somebody has removed it
        }
        catch (UnauthorizedAccessException)
        {
            throw new IOException($"no permission to read the folder {path}: choose another path");
        }
    }

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
        foreach (string entry in EntriesOf(Path))
        {
            string name = System.IO.Path.GetFileName(entry);
            if (name != "lock" && IsNetworkFile(name))
                _ = Libc.unlink(entry);
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
