namespace Pyco.Shim;

/// <summary>Octets spread over the pieces of an iovec array.</summary>
internal static unsafe class IoVectors
{
    /// <summary>UIO_MAXIOV.</summary>
    internal const int MostPieces = 1024;

    internal static nuint Capacity(IoVector* vectors, int count)
    {
        nuint capacity = 0;
        for (int i = 0; i < count; i++)
            capacity += vectors[i].Length;
        return capacity;
    }

    /// <summary>
    /// Moves octets towards the front, over all pieces: where a header turned out to stand before them. Rare, so plain.
    /// </summary>
    internal static void MoveToFront(IoVector* vectors, nuint from, nuint length)
    {
        IoVector* source = vectors;
        IoVector* target = vectors;
        nuint sourceAt = from;
        nuint targetAt = 0;
        for (nuint i = 0; i < length; i++)
        {
            while (sourceAt >= source->Length)
                sourceAt -= source++->Length;
            while (targetAt >= target->Length)
                targetAt -= target++->Length;
            target->Base[targetAt++] = source->Base[sourceAt++];
        }
    }

    /// <summary>Moves octets away from the front by some distance; what does not fit any more is lost.</summary>
    internal static void MoveToBack(IoVector* vectors, int count, nuint distance, nuint length)
    {
        nuint capacity = Capacity(vectors, count);
        nuint i = length + distance > capacity ? capacity - distance : length;
        while (i-- > 0)
            *At(vectors, i + distance) = *At(vectors, i);
    }

    private static byte* At(IoVector* vectors, nuint index)
    {
        while (index >= vectors->Length)
            index -= vectors++->Length;
        return vectors->Base + index;
    }

    /// <summary>Copies octets into the pieces, as many as they take; returns how many.</summary>
    internal static nuint CopyIn(IoVector* vectors, int count, byte* source, nuint length)
    {
        nuint copied = 0;
        for (int i = 0; i < count && copied < length; i++)
        {
            for (nuint at = 0; at < vectors[i].Length && copied < length; at++)
                vectors[i].Base[at] = source[copied++];
        }

        return copied;
    }

    /// <summary>Copies the first octets out of the pieces.</summary>
    internal static void CopyOut(IoVector* vectors, byte* destination, nuint length)
    {
        nuint at = 0;
        for (nuint i = 0; i < length; i++)
        {
            while (at >= vectors->Length)
            {
                vectors++;
                at = 0;
            }

            destination[i] = vectors->Base[at++];
        }
    }
}
