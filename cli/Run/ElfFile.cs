using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Pyco.Cli.Run;

/// <summary>What the dynamic loader would do with a program (System V ABI, "Program Loading").</summary>
internal enum ElfKind
{
    /// <summary>Not an ELF file.</summary>
    None,

    /// <summary>The loader of this machine's glibc loads it, and preloads libraries.</summary>
    Dynamic,

    /// <summary>No loader takes part.</summary>
    Static,

    /// <summary>For another processor, or for 32 bits.</summary>
    ForeignMachine,

    /// <summary>For another C library, whose loader does not load glibc libraries.</summary>
    ForeignLibrary,

    /// <summary>The loader would preload into it, but Go makes its system calls without libc.</summary>
    Go,

    /// <summary>Cut short or contradictory.</summary>
    Broken,
}

/// <summary>Tells from a file's first octets whether a library can be preloaded into it.</summary>
internal static class ElfFile
{
    private const int HeaderLength = 64;
    private const int ProgramHeaderLength = 56;
    private const int MaximumProgramHeaders = 256;
    private const int MaximumInterpreterLength = 4096;
    private const int MaximumNotesLength = 4096;
    private const int NoteHeaderLength = 12;
    private const byte Class64 = 2;
    private const byte LittleEndian = 1;
    private const ushort MachineX64 = 62;
    private const ushort MachineArm64 = 183;
    private const uint InterpreterSegment = 3;
    private const uint NoteSegment = 4;

    private static ushort OwnMachine =>
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? MachineArm64 : MachineX64;

    /// <param name="file">An open file.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ElfKind Classify(Microsoft.Win32.SafeHandles.SafeFileHandle file)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        int length = RandomAccess.Read(file, header, 0);
        if (length < 4 || !header.StartsWith("\u007fELF"u8))
            return ElfKind.None;
        if (length < 20)
            return ElfKind.Broken;
        if (header[4] != Class64 || header[5] != LittleEndian ||
            BinaryPrimitives.ReadUInt16LittleEndian(header[18..]) != OwnMachine)
            return ElfKind.ForeignMachine;
        if (length < HeaderLength)
            return ElfKind.Broken;
        return ClassifySegments(
            file,
            (long)BinaryPrimitives.ReadUInt64LittleEndian(header[32..]),
            BinaryPrimitives.ReadUInt16LittleEndian(header[56..]));
    }

    private static ElfKind ClassifySegments(Microsoft.Win32.SafeHandles.SafeFileHandle file, long tableOffset, int count)
    {
        if (tableOffset < 0 || count is 0 or > MaximumProgramHeaders)
            return ElfKind.Broken;
        Span<byte> table = stackalloc byte[count * ProgramHeaderLength];
        if (RandomAccess.Read(file, table, tableOffset) < table.Length)
            return ElfKind.Broken;
        ElfKind kind = ElfKind.Static;
        bool isGo = false;
        for (Span<byte> segment = table; !segment.IsEmpty; segment = segment[ProgramHeaderLength..])
        {
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(segment);
            long offset = (long)BinaryPrimitives.ReadUInt64LittleEndian(segment[8..]);
            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(segment[32..]);
            if (type == InterpreterSegment)
                kind = ClassifyInterpreter(file, offset, length);
            else if (type == NoteSegment)
                isGo |= HasGoNote(file, offset, length, alignment: segment[48] == 8 ? 8 : 4);
        }
        return kind == ElfKind.Dynamic && isGo ? ElfKind.Go : kind;
    }

    /// <summary>Go's linker leaves the id of the build in a note with this owner (cmd/internal/buildid).</summary>
    private static bool HasGoNote(Microsoft.Win32.SafeHandles.SafeFileHandle file, long offset, ulong length, int alignment)
    {
        if (offset < 0)
            return false;
        Span<byte> notes = stackalloc byte[(int)Math.Min(length, MaximumNotesLength)];
        notes = notes[..RandomAccess.Read(file, notes, offset)];
        while (notes.Length > NoteHeaderLength)
        {
            long ownerLength = BinaryPrimitives.ReadUInt32LittleEndian(notes);
            long descriptionLength = BinaryPrimitives.ReadUInt32LittleEndian(notes[4..]);
            if (notes[NoteHeaderLength..].StartsWith("Go\0"u8))
                return true;
            long next = Align(Align(NoteHeaderLength + ownerLength, alignment) + descriptionLength, alignment);
            if (next > notes.Length)
                return false;
            notes = notes[(int)next..];
        }
        return false;
    }

    private static long Align(long length, int alignment) => (length + alignment - 1) / alignment * alignment;

    private static ElfKind ClassifyInterpreter(Microsoft.Win32.SafeHandles.SafeFileHandle file, long offset, ulong length)
    {
        if (offset < 0 || length is 0 or > MaximumInterpreterLength)
            return ElfKind.Broken;
        byte[] path = new byte[length];
        if (RandomAccess.Read(file, path, offset) < path.Length)
            return ElfKind.Broken;
        return Encoding.UTF8.GetString(path).Contains("ld-musl", StringComparison.Ordinal)
            ? ElfKind.ForeignLibrary
            : ElfKind.Dynamic;
    }
}
