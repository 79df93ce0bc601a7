using System.Runtime.InteropServices;
using Pyco.Stack;

namespace Pyco.Shim;

/// <summary>
/// exec(3), execve(2), execveat(2) and posix_spawn(3): a program that is started with a cleared environment stays on
/// the virtual network; see <see cref="ChildEnvironment"/>. execl() and its kin are in native/execl.c.
/// </summary>
internal static unsafe class Execute
{
    /// <summary>Room for what a cleared environment becomes, in a frame that stays below a page.</summary>
    private const int RoomOnStack = 2048;

    [UnmanagedCallersOnly(EntryPoint = "execve")]
    public static int Execve(byte* path, byte** arguments, byte** environment) =>
        Start(new() { Call = ProgramCall.Execve, Path = path, Arguments = arguments, Environment = environment });

    [UnmanagedCallersOnly(EntryPoint = "execv")]
    public static int Execv(byte* path, byte** arguments)
    {
        Startup.Ensure();
        return Start(new() { Call = ProgramCall.Execve, Path = path, Arguments = arguments, Environment = OwnEnvironment.Current });
    }

    [UnmanagedCallersOnly(EntryPoint = "execvpe")]
    public static int Execvpe(byte* file, byte** arguments, byte** environment) =>
        Start(new() { Call = ProgramCall.Execvpe, Path = file, Arguments = arguments, Environment = environment });

    [UnmanagedCallersOnly(EntryPoint = "execvp")]
    public static int Execvp(byte* file, byte** arguments)
    {
        Startup.Ensure();
        return Start(new() { Call = ProgramCall.Execvpe, Path = file, Arguments = arguments, Environment = OwnEnvironment.Current });
    }

    [UnmanagedCallersOnly(EntryPoint = "fexecve")]
    public static int Fexecve(int fd, byte** arguments, byte** environment) =>
        Start(new() { Call = ProgramCall.Fexecve, Descriptor = fd, Arguments = arguments, Environment = environment });

    [UnmanagedCallersOnly(EntryPoint = "execveat")]
    public static int Execveat(int fd, byte* path, byte** arguments, byte** environment, int flags) => Start(new()
    {
        Call = ProgramCall.Execveat,
        Descriptor = fd,
        Path = path,
        Arguments = arguments,
        Environment = environment,
        Flags = flags,
    });

    [UnmanagedCallersOnly(EntryPoint = "posix_spawn")]
    public static int Spawn(
        int* child, byte* path, void* actions, void* attributes, byte** arguments, byte** environment) => Start(new()
        {
            Call = ProgramCall.Spawn,
            Child = child,
            Path = path,
            Actions = actions,
            Attributes = attributes,
            Arguments = arguments,
            Environment = environment,
        });

    [UnmanagedCallersOnly(EntryPoint = "posix_spawnp")]
    public static int SpawnByName(
        int* child, byte* file, void* actions, void* attributes, byte** arguments, byte** environment) => Start(new()
        {
            Call = ProgramCall.SpawnByName,
            Child = child,
            Path = file,
            Actions = actions,
            Attributes = attributes,
            Arguments = arguments,
            Environment = environment,
        });

    // Everything below runs in signal handlers and in vfork children, on whose parent's memory it must leave no trace.
    private static int Start(ProgramStart start)
    {
        Startup.Ensure();
        ChildEnvironment environment = ChildEnvironment.Look(start.Environment);
        if (!environment.MustChange)
            return Next.Start(&start);
        if (environment.Length > RoomOnStack)
            return StartInMappedMemory(&start, &environment);
        byte* room = stackalloc byte[RoomOnStack];
        start.Environment = environment.Write(room);
        return Next.Start(&start);
    }

    /// <summary>
    /// A large environment that lacks but our variables. A vfork child that succeeds leaves the mapping to its parent:
    /// there is nobody to release it, and the stack may be too small.
    /// </summary>
    private static int StartInMappedMemory(ProgramStart* start, ChildEnvironment* environment)
    {
        nint room = Kernel.MapMemory((nuint)environment->Length);
        if (room < 0)
        {
            return start->Call is ProgramCall.Spawn or ProgramCall.SpawnByName
                ? (int)Errno.ENOMEM
                : LibcError.Answer(Errno.ENOMEM);
        }

        start->Environment = environment->Write((byte*)room);
        int result = Next.Start(start);
        Kernel.UnmapMemory(room, (nuint)environment->Length);
        return result;
    }
}

internal enum ProgramCall
{
    Execve,
    Execvpe,
    Fexecve,
    Execveat,
    Spawn,
    SpawnByName,
}

/// <summary>The arguments of any of these calls.</summary>
internal unsafe struct ProgramStart
{
    public ProgramCall Call;
    public int Descriptor;
    public int Flags;
    public int* Child;
    public byte* Path;
    public void* Actions;
    public void* Attributes;
    public byte** Arguments;
    public byte** Environment;
}
