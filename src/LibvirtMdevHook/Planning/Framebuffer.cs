namespace LibvirtMdevHook.Planning;

/// <summary>The framebuffer of a GPU with VFs.</summary>
/// <param name="Gigabytes">All of it.</param>
/// <param name="Used">
/// The gigabytes of the types that are set on its VFs and claimed for them, as far as their names
/// tell.
/// </param>
/// <param name="HasClaims">A VF is claimed whose type is not set yet.</param>
internal sealed record Framebuffer(int Gigabytes, int Used, bool HasClaims)
{
    /// <param name="size">The gigabytes of one device.</param>
    /// <returns>
    /// How many more devices of the size the GPU takes at most. Without claims there is room for
    /// one, as the list of a VF shows only what fits.
    /// </returns>
    public int MaximumOf(int size)
    {
        var left = Gigabytes - Used;
        if (left < 0)
            return HasClaims ? 0 : 1;
        var count = size == 0 ? int.MaxValue : left / size;
        return HasClaims ? count : Math.Max(1, count);
    }
}
