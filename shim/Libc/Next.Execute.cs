namespace Pyco.Shim;

/// <summary>libc's way to start programs. Found at start, because these run in vfork children and signal handlers.</summary>
internal static unsafe partial class Next
{
    private static delegate* unmanaged[SuppressGCTransition]<byte*, byte**, byte**, int> ExecvePointer;
    private static delegate* unmanaged[SuppressGCTransition]<byte*, byte**, byte**, int> ExecvpePointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, byte**, byte**, int> FexecvePointer;
    private static delegate* unmanaged[SuppressGCTransition]<int, byte*, byte**, byte**, int, int> ExecveatPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int*, byte*, void*, void*, byte**, byte**, int> SpawnPointer;
    private static delegate* unmanaged[SuppressGCTransition]<int*, byte*, void*, void*, byte**, byte**, int> SpawnByNamePointer;

    internal static void ResolveExecute()
    {
        ExecvePointer = (delegate* unmanaged[SuppressGCTransition]<byte*, byte**, byte**, int>)Symbol("execve"u8);
        ExecvpePointer = (delegate* unmanaged[SuppressGCTransition]<byte*, byte**, byte**, int>)Symbol("execvpe"u8);
        FexecvePointer = (delegate* unmanaged[SuppressGCTransition]<int, byte**, byte**, int>)Symbol("fexecve"u8);
        ExecveatPointer = (delegate* unmanaged[SuppressGCTransition]<int, byte*, byte**, byte**, int, int>)Symbol("execveat"u8);
        SpawnPointer = (delegate* unmanaged[SuppressGCTransition]<int*, byte*, void*, void*, byte**, byte**, int>)Symbol("posix_spawn"u8);
        SpawnByNamePointer = (delegate* unmanaged[SuppressGCTransition]<int*, byte*, void*, void*, byte**, byte**, int>)Symbol("posix_spawnp"u8);
    }

    internal static int Start(ProgramStart* start)
    {
        if (SpawnByNamePointer == null)
            ResolveExecute(); // the initializer of another library starts a program
        return start->Call switch
        {
            ProgramCall.Execve => ExecvePointer(start->Path, start->Arguments, start->Environment),
            ProgramCall.Execvpe => ExecvpePointer(start->Path, start->Arguments, start->Environment),
            ProgramCall.Fexecve => FexecvePointer(start->Descriptor, start->Arguments, start->Environment),
            ProgramCall.Execveat => ExecveatPointer(
                start->Descriptor, start->Path, start->Arguments, start->Environment, start->Flags),
            ProgramCall.Spawn => SpawnPointer(
                start->Child, start->Path, start->Actions, start->Attributes, start->Arguments, start->Environment),
            _ => SpawnByNamePointer(
                start->Child, start->Path, start->Actions, start->Attributes, start->Arguments, start->Environment),
        };
    }

    // Not quick, not for signal handlers: looked up at each call, as the resolver's.
    internal static int System(byte* command) =>
        ((delegate* unmanaged[SuppressGCTransition]<byte*, int>)Symbol("system"u8))(command);

    internal static void* OpenPipe(byte* command, byte* type) =>
        ((delegate* unmanaged[SuppressGCTransition]<byte*, byte*, void*>)Symbol("popen"u8))(command, type);
}
