using System.Runtime.InteropServices;

namespace Pyco.Posix;

/// <summary>libc's calls for starting programs and for looking at their files; see <see cref="Libc"/> for the manner.</summary>
internal static unsafe partial class Processes
{
    public const int NonBlock = 0x800;
    public const int CloseOnExec = 0x80000;
    public const int ReadWrite = 2;
    public const int FileExecutable = 1;

    /// <summary>F_DUPFD_CLOEXEC.</summary>
    public const int DuplicateCloseOnExec = 1030;

    public const int SignalInterrupt = 2;
    public const int SignalPipe = 13;
    public const int SignalChild = 17;
    public const int SignalUrgent = 23;
    public const nint SignalDefault = 0;
    public const nint SignalIgnore = 1;

    /// <summary>AT_FDCWD: paths start at the working directory.</summary>
    public const int WorkingDirectory = -100;

    /// <summary>STATX_BASIC_STATS.</summary>
    public const uint BasicStatus = 0x7ff;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int pipe2(int* descriptors, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int dup2(int from, int to);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ftruncate(int fd, long length);

    [LibraryImport("libc")]
    internal static partial int clock_gettime(int clock, TimeSpec* now);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int chdir([MarshalAs(UnmanagedType.LPUTF8Str)] string path);

    /// <summary>Returns an errno, and -1 never.</summary>
    [LibraryImport("libc")]
    internal static partial int posix_spawn(
        int* pid, byte* path, SpawnFileActions* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_init(SpawnFileActions* actions);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_destroy(SpawnFileActions* actions);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_adddup2(SpawnFileActions* actions, int from, int to);

    /// <summary>glibc 2.34 and later.</summary>
    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_addclosefrom_np(SpawnFileActions* actions, int from);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitpid(int pid, int* status, int options);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int access([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int mode);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int statx(
        int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, FileStatus* status);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(int fd, int operation);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int chown([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint user, uint group);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint getxattr(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string path,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string name,
        void* value,
        nuint capacity);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint signal(int number, nint handler);

    [LibraryImport("libc")]
    internal static partial uint getuid();

    [LibraryImport("libc")]
    internal static partial uint getgid();
}

/// <summary>posix_spawn_file_actions_t: glibc's is 80 octets; the rest is room for a larger one.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
internal struct SpawnFileActions;

/// <summary>What is wanted of struct statx, which has one layout on all machines.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct FileStatus
{
    [FieldOffset(20)]
    public uint UserId;

    [FieldOffset(24)]
    public uint GroupId;

    [FieldOffset(28)]
    public ushort Mode;

    [FieldOffset(32)]
    public ulong Inode;

    [FieldOffset(136)]
    public uint DeviceMajor;

    [FieldOffset(140)]
    public uint DeviceMinor;

    public const ushort SetUserId = 0x800;
    public const ushort SetGroupId = 0x400;
    private const ushort TypeMask = 0xf000;
    private const ushort TypeSocket = 0xc000;
    private const ushort RegularFile = 0x8000;
    private const ushort Directory = 0x4000;

    /// <summary>Device and inode: what two paths to one file have in common.</summary>
    public readonly string Identity => $"{DeviceMajor:x}:{DeviceMinor:x}:{Inode:x}";

    public readonly bool IsSocket => (Mode & TypeMask) == TypeSocket;

    public readonly bool IsRegularFile => (Mode & TypeMask) == RegularFile;

    public readonly bool IsDirectory => (Mode & TypeMask) == Directory;

    public static bool TryGet(string path, out FileStatus status) =>
        TryGet(Processes.WorkingDirectory, path, 0, out status);

    /// <summary>The same of a symbolic link itself.</summary>
    public static bool TryGetLink(string path, out FileStatus status)
    {
        const int noFollow = 0x100; // AT_SYMLINK_NOFOLLOW
        return TryGet(Processes.WorkingDirectory, path, noFollow, out status);
    }

    /// <summary>Whether the path still names the file that is open.</summary>
    public static bool IsSameFile(int descriptor, string path) =>
        TryGetOpen(descriptor, out FileStatus open) && TryGetLink(path, out FileStatus named) && open.Inode == named.Inode;

    /// <summary>The same of a file that is open.</summary>
    public static bool TryGetOpen(int descriptor, out FileStatus status)
    {
        const int emptyPath = 0x1000; // AT_EMPTY_PATH
        return TryGet(descriptor, "", emptyPath, out status);
    }

    private static unsafe bool TryGet(int folder, string path, int flags, out FileStatus status)
    {
        fixed (FileStatus* result = &status)
            return Processes.statx(folder, path, flags, Processes.BasicStatus, result) == 0;
    }
}
