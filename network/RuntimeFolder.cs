using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Network;

/// <summary>The user's own folder for networks: nobody else can make it or look into it.</summary>
public static class RuntimeFolder
{
    private const string FolderName = "pyco";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>
    /// Where the user's default network is: in <c>$XDG_RUNTIME_DIR</c>, else in <c>/run/user/UID</c> where there is one, else
    /// in <c>/tmp</c>, in a folder that is checked to be the user's.
    /// </summary>
    public static string DefaultNetwork(Func<string, string?> environment) => $"{Find(environment)}/default";

    /// <summary>Where running networks with other paths are noted, so that they can be listed.</summary>
    public static string Register(Func<string, string?> environment) => $"{Find(environment)}/networks";

    /// <summary>What the user's hosts know together and nobody else does.</summary>
    public static string Secret(Func<string, string?> environment) => $"{Find(environment)}/secret";

    /// <summary>Makes the folder.</summary>
    /// <exception cref="IOException">It cannot be made, or somebody else has it.</exception>
    public static void Ensure(Func<string, string?> environment)
    {
        string path = Find(environment);
        if (Libc.mkdir(path, (uint)OwnerOnly) != 0 && (Errno)Marshal.GetLastPInvokeError() is var error and not Errno.EEXIST)
        {
            string why = error == Errno.EACCES ? "no permission to make" : "cannot make";
            string reason = error == Errno.EACCES ? "" : $" ({Marshal.GetPInvokeErrorMessage((int)error)})";
            throw new IOException($"{why} {path}{reason}: set XDG_RUNTIME_DIR to a folder of your own");
        }
        if (!FileStatus.TryGetLink(path, out FileStatus status) || !status.IsDirectory ||
            status.UserId != Libc.geteuid() || (status.Mode & 0x3f /* 0077 */) != 0)
            throw new IOException($"{path} is not yours alone: remove it, or set XDG_RUNTIME_DIR to a folder of your own");
    }

    private static string Find(Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        if (environment("XDG_RUNTIME_DIR") is { Length: > 0 } runtime && Directory.Exists(runtime))
            return $"{runtime.TrimEnd('/')}/{FolderName}";
        string own = $"/run/user/{Libc.geteuid()}";
        return FileStatus.TryGet(own, out FileStatus status) && status.IsDirectory && status.UserId == Libc.geteuid()
            ? $"{own}/{FolderName}"
            : $"/tmp/{FolderName}-{Libc.geteuid()}";
    }
}
