namespace Pyco.Posix;

/// <summary>
/// Memory that other processes map by its descriptor. Its size is sealed, so that nobody who holds it can take away a page
/// that another one reads (SIGBUS).
/// </summary>
internal sealed unsafe class SharedMemory : IDisposable
{
    private const uint CloseOnExecAllowSealing = 1 | 2; // MFD_CLOEXEC | MFD_ALLOW_SEALING
    private const int AddSeals = 1033; // F_ADD_SEALS
    private const int SealsOfSize = 1 | 2 | 4; // F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW
    private const int ReadWrite = 1 | 2; // PROT_READ | PROT_WRITE
    private const int Shared = 1; // MAP_SHARED
    private const int Remove = 9; // MADV_REMOVE

    private readonly nuint _octets;

    private SharedMemory(int descriptor, byte* start, nuint octets)
    {
        Descriptor = descriptor;
        Start = start;
        _octets = octets;
    }

    public int Descriptor { get; private set; }

    /// <summary>Zeros at first.</summary>
    public byte* Start { get; private set; }

    /// <summary>Makes some.</summary>
    /// <param name="name">What /proc shows of it.</param>
    /// <param name="octets">Whole pages.</param>
    /// <returns>Null if there is no descriptor or no memory left.</returns>
    public static SharedMemory? TryCreate(string name, nuint octets)
    {
        int descriptor = Libc.memfd_create(name, CloseOnExecAllowSealing);
        if (descriptor < 0)
            return null;
        if (Libc.ftruncate(descriptor, (long)octets) == 0 && Libc.fcntl(descriptor, AddSeals, SealsOfSize) == 0)
        {
            void* start = Libc.mmap(null, octets, ReadWrite, Shared, descriptor, 0);
            if ((nint)start != -1)
                return new SharedMemory(descriptor, (byte*)start, octets);
        }
        _ = Libc.close(descriptor);
        return null;
    }

    /// <summary>Gives the pages behind the first ones back to the system, for all who have them mapped: they read as zeros.</summary>
    public void Discard(nuint from)
    {
        if (Start != null)
            _ = Libc.madvise(Start + from, _octets - from, Remove);
    }

    public void Dispose()
    {
        if (Start == null)
            return;
        _ = Libc.munmap(Start, _octets);
        _ = Libc.close(Descriptor);
        Start = null;
        Descriptor = -1;
    }
}
