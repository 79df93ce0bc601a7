namespace Pyco.Posix;

/// <summary>RLIMIT_NOFILE of this process: every descriptor is smaller than this.</summary>
internal static unsafe class OpenFilesLimit
{
    private const int NumberOfFiles = 7; // RLIMIT_NOFILE

    /// <summary>What holds now; it may change at any time (prlimit).</summary>
    public static ulong Soft
    {
        get
        {
            ResourceLimit limit;
            return Libc.getrlimit(NumberOfFiles, &limit) == 0 ? limit.Soft : ulong.MaxValue;
        }
    }

    /// <summary>Takes as many as are allowed. The usual soft limit is made for programs that call select(2).</summary>
    public static void Raise()
    {
        ResourceLimit limit;
        if (Libc.getrlimit(NumberOfFiles, &limit) != 0)
            return;
        limit.Soft = limit.Hard;
        _ = Libc.setrlimit(NumberOfFiles, &limit);
    }
}
